# SPDX-License-Identifier: GPL-2.0
# cpu.tsv: method, CPU milliseconds a GiB of the sender and of all the rest.
set terminal svg size 860,460 font "sans-serif,13" background "white"
set output "../cpu.svg"
set datafile separator tab
set title "CPU time for a GiB: a large file from the page cache, whole-file calls"
set ylabel "CPU milliseconds a GiB"
set yrange [0:*]
set grid ytics linecolor "#dddddd"
set style data histogram
set style histogram rowstacked
set style fill solid 0.9 border -1
set boxwidth 0.7
set xtics rotate by -35 nomirror
set key top left
plot "cpu.tsv" using 2:xtic(1) title "sender" linecolor "#1b6ca8", \
     "" using 3 title "receiver and the rest of the machine" linecolor "#b9c7d3"
