# SPDX-License-Identifier: GPL-2.0
# throughput.tsv: method, then GB/s with quartiles of whole-file calls and of
# calls of 1 MiB.
set output "../throughput.svg"
set title "A large file from the page cache (tmpfs), TCP over loopback"
set ylabel "GB/s"
set yrange [0:*]
set style data histogram
set style histogram errorbars gap 1 linewidth 1
set style fill solid 0.9 border -1
set xtics rotate by -35 nomirror
plot "throughput.tsv" using 2:3:4:xtic(1) title "whole file a call" linecolor "#1b6ca8", \
     "" using 5:6:7 title "1 MiB a call" linecolor "#e08e0b"
