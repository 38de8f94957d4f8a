#include "config.h"

#include "worker/control/control_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_request request;
	char error[160] = "";

	if (control_request_parse((const char *)data, size, &request, error, sizeof(error)) != 0 && error[0] == '\0')
		__builtin_trap();
	return 0;
}
