# SPDX-License-Identifier: GPL-2.0
# throughput.tsv: method, then GB/s with quartiles of whole-file calls and of
# calls of 1 MiB.
set terminal svg size 860,460 font "sans-serif,13" background "white"
set output "../throughput.svg"
set datafile separator tab
set title "A large file from the page cache (tmpfs), TCP over loopback"
set ylabel "GB/s"
set yrange [0:*]
set grid ytics linecolor "#dddddd"
set style data histogram
set style histogram errorbars gap 1 linewidth 1
set style fill solid 0.9 border -1
set xtics rotate by -35 nomirror
set key top right
plot "throughput.tsv" using 2:3:4:xtic(1) title "whole file a call" linecolor "#1b6ca8", \
     "" using 5:6:7 title "1 MiB a call" linecolor "#f2a541"
