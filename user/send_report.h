/* SPDX-License-Identifier: GPL-2.0 */
/* What 'zcopy send' says at the end. */
#ifndef SEND_REPORT_H
#define SEND_REPORT_H

#include "method.h"

/**
 * struct send_report - how a transfer ended
 * @transfer: its figures, and what failed
 * @address: where it went
 * @status: the exit status
 * @seconds: from the first byte until all was delivered, or it failed
 */
struct send_report {
	const struct transfer *transfer;
	const char *address;
	int status;
	double seconds;
};

void send_report_error(const struct send_report *report);
void send_report_text(const struct send_report *report);
void send_report_json(const struct send_report *report);

#endif /* SEND_REPORT_H */
