# SPDX-License-Identifier: GPL-2.0
# sweep.tsv: a block for each method, headed by its name: bytes a call, GB/s,
# quartiles.
set output "../sweep.svg"
set title "Throughput over bytes a call (file on tmpfs, TCP over loopback)"
set xlabel "bytes a call"
set ylabel "GB/s"
set logscale x 2
set logscale y 10
set format x "%.0b %BB"
stats "sweep.tsv" using 1 nooutput
plot for [i=0:STATS_blocks-1] "sweep.tsv" index i using 1:2:3:4 \
	with yerrorlines linetype i+1 title columnheader(1)
