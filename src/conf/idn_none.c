/* Without libidn2, names beyond ASCII must be written as DNS carries them. */
#include "config.h"

#include "conf/idn.h"

const char *
idn_to_ascii(const char *text, char out[IDN_MAX])
{
	return "has a character beyond ASCII, which this program was built without; write the name in its xn-- form";
}
