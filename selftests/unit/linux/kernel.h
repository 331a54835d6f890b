/* SPDX-License-Identifier: GPL-2.0 */
/* What the pure files of the module need of the kernel's everyday macros. */
#ifndef ZT_UNIT_KERNEL_H
#define ZT_UNIT_KERNEL_H

/* As strict as the kernel's: both must have the same type. */
#define min(x, y)                                                             \
	__extension__({                                                       \
		__typeof__(x) __x = (x);                                      \
		__typeof__(y) __y = (y);                                      \
		_Static_assert(__builtin_types_compatible_p(__typeof__(__x),  \
							    __typeof__(__y)), \
			       "min() of different types");                   \
		__x < __y ? __x : __y;                                        \
	})

#endif /* ZT_UNIT_KERNEL_H */
