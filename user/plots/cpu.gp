# SPDX-License-Identifier: GPL-2.0
# cpu.tsv: method, CPU milliseconds a GiB of the sender and of all the rest.
set output "../cpu.svg"
set title "CPU time for a GiB: a large file from the page cache, whole-file calls"
set ylabel "CPU milliseconds a GiB"
set yrange [0:*]
set style data histogram
set style histogram rowstacked
set style fill solid 0.9 border -1
set boxwidth 0.7
set xtics rotate by -35 nomirror
plot "cpu.tsv" using 2:xtic(1) title "sender" linecolor "#1b6ca8", \
     "" using 3 title "receiver, all else" linecolor "#b9c7d3"
