# SPDX-License-Identifier: GPL-2.0
# Put before each of the other scripts.
set terminal svg size 860,460 font "sans-serif,13" background "white"
set datafile separator tab
set grid linecolor "#dddddd"
set key outside right top reverse Left samplen 2
set linetype 1 linecolor "#1b6ca8" linewidth 2 pointtype 7 pointsize 0.6
set linetype 2 linecolor "#999999" linewidth 2 pointtype 5 pointsize 0.6
set linetype 3 linecolor "#d1495b" linewidth 2 pointtype 9 pointsize 0.7
set linetype 4 linecolor "#e08e0b" linewidth 2 pointtype 11 pointsize 0.7
set linetype 5 linecolor "#2e8b57" linewidth 2 pointtype 13 pointsize 0.7
set linetype 6 linecolor "#7b5ea7" linewidth 2 pointtype 6 pointsize 0.6
set linetype 7 linecolor "#3aa6a6" linewidth 2 pointtype 4 pointsize 0.6
set linetype 8 linecolor "#8c564b" linewidth 2 pointtype 8 pointsize 0.7
