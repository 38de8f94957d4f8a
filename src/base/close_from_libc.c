#include "config.h"

#include "base/close_from.h"

#include <unistd.h>

void
close_from(int lowest)
{
	closefrom(lowest);
}
