# SPDX-License-Identifier: GPL-2.0
# small.tsv: a block for each method, headed by its name: bytes a file,
# microseconds a file, quartiles.
set output "../small.svg"
set title "512 files at a time: time a file (ext4, TCP over loopback)"
set xlabel "bytes a file"
set ylabel "microseconds a file"
set logscale x 2
set logscale y 10
set format x "%.0b %BB"
stats "small.tsv" using 1 nooutput
plot for [i=0:STATS_blocks-1] "small.tsv" index i using 1:2:3:4 \
	with yerrorlines linetype i+1 title columnheader(1)
