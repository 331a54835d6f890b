/* SPDX-License-Identifier: GPL-2.0 */
/* The device's ioctls. */
#ifndef ZC_IOCTL_H
#define ZC_IOCTL_H

struct file;

long zc_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* ZC_IOCTL_H */
