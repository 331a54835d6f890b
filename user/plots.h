/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The scripts in plots/, as the linker makes them part of the program: they end
 * without a zero.
 */
#ifndef PLOTS_H
#define PLOTS_H

#define PLOT_SCRIPT(name)                              \
	extern const char _binary_##name##_gp_start[]; \
	extern const char _binary_##name##_gp_end[]

PLOT_SCRIPT(style);
PLOT_SCRIPT(throughput);
PLOT_SCRIPT(sweep);
PLOT_SCRIPT(small);
PLOT_SCRIPT(cpu);
PLOT_SCRIPT(growth);

#endif /* PLOTS_H */
