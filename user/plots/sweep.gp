# SPDX-License-Identifier: GPL-2.0
# sweep.tsv: a block for each method, headed by its name: bytes a call, GB/s,
# quartiles.
set terminal svg size 860,460 font "sans-serif,13" background "white"
set output "../sweep.svg"
set datafile separator tab
set title "Throughput over bytes a call (file on tmpfs, TCP over loopback)"
set xlabel "bytes a call"
set ylabel "GB/s"
set logscale x 2
set format x "%.0b %BB"
set yrange [0:*]
set grid linecolor "#dddddd"
set key top left
stats "sweep.tsv" using 1 nooutput
plot for [i=0:STATS_blocks-1] "sweep.tsv" index i using 1:2:3:4 \
	with yerrorlines linewidth 1.5 pointtype 7 pointsize 0.6 title columnheader(1)
