/*
 * summary.h - the summary that SIGUSR1 asks for: the counters as a few lines of the log.
 */
#ifndef PFI_SUMMARY_H
#define PFI_SUMMARY_H

struct account;

void account_summary(struct account *, double now);

#endif
