# SPDX-License-Identifier: GPL-2.0
# growth.tsv: two blocks: bytes a call and nanoseconds a KiB; segments a call
# and microseconds a segment; each with quartiles.
set output "../growth.svg"
set multiplot layout 1,2 title "Does the cost grow? zcopy, one call"
unset key
set logscale x 2
set xtics rotate by -35 nomirror
set format x "%.0b %BB"
set xlabel "bytes a call"
set ylabel "nanoseconds a KiB"
set yrange [0:*]
plot "growth.tsv" index 0 using 1:2:3:4 with yerrorlines linetype 1
set format x "%.0f"
set xlabel "segments of 4 KiB a call"
set ylabel "microseconds a segment"
set logscale y 10
set yrange [*:*]
plot "growth.tsv" index 1 using 1:2:3:4 with yerrorlines linetype 1
unset multiplot
