#include "config.h"

#include "process/role.h"

#include <sys/stat.h>

#include <unistd.h>

bool
role_is_started_by_helper(void)
{
	struct stat st;

	return geteuid() == 0 && fstat(ROLE_FD, &st) == 0 && S_ISSOCK(st.st_mode);
}

_Noreturn static void
role_usage(const char *name, const char *flags)
{
	fprintf(stderr,
	    "usage: %s -u uid -g gid [-dv]%s\n"
	    "       %s -V\n"
	    "pfinterceptd starts this program and gives it a socket; start pfinterceptd instead, see pfinterceptd(8)\n",
	    name, strchr(flags, 'i') != NULL ? " -i interface ..." : "", name);
	exit(2);
}

/* Parses the id of a user or a group. 0, the id of root, if text is not a number. */
static unsigned
role_id(const char *text)
{
	char *end;
	unsigned long id;

	errno = 0;
	id = strtoul(text, &end, 10);
	return errno == 0 && *end == '\0' && id < (unsigned)-1 ? (unsigned)id : 0;
}

void
role_parse(int argc, char **argv, const char *name, const char *flags, void (*version)(void), struct role *role)
{
	bool sound = true, grouped = false;
	int ch;

	*role = (struct role){ .uid = 0 };
	while ((ch = getopt(argc, argv, flags)) != -1) {
		switch (ch) {
		case 'd': role->to_stderr = true; break;
		case 'v': role->verbose = true; break;
		case 'u': role->uid = role_id(optarg); break;
		case 'g': role->gid = role_id(optarg); grouped = true; break;
		case 'i':
			if (role->ninterfaces < ROLE_INTERFACES)
				role->interfaces[role->ninterfaces++] = optarg;
			else
				sound = false;
			break;
		case 'V': version(); exit(0);
		default:  sound = false;
		}
	}
	if (!sound || optind != argc || role->uid == 0 || !grouped || !role_is_started_by_helper())
		role_usage(name, flags);
}
