/* The protocols over TCP whose first bytes name a host. A new one is a file with its sniffer, and its row here. */
#include "config.h"

#include "wire/sniffer.h"

#define SNIFFERS(ROW) \
	ROW(tls_hello_name) \
	ROW(http_host_name)

#define DECLARE(function) sniffer function;
#define POINT_TO(function) function,

SNIFFERS(DECLARE)

sniffer *const sniffers[] = { SNIFFERS(POINT_TO) NULL };
