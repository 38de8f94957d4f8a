#include "config.h"

#include "process/sandbox.h"

const char *const sandbox_name = "none";

void
sandbox_worker(void)
{
}

void
sandbox_capture(const struct pollfd *taps, size_t n)
{
}
