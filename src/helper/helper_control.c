#include "config.h"

#include "helper/helper_control.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fcntl.h>
#include <grp.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/fake_range.h"

#define FILE_NAME PFI_STATE_DIR "/fake_ip"

/* Removes the socket of a dead daemon. EADDRINUSE: a process listens on it; ENOTSOCK: the file is not a socket. */
static int
socket_clear(const struct sockaddr_un *sun, int fd)
{
	struct stat st;

	if (lstat(sun->sun_path, &st) == -1)
		return errno == ENOENT ? 0 : errno;
	if (!S_ISSOCK(st.st_mode))
		return ENOTSOCK;
	if (connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0)
		return EADDRINUSE;
	return unlink(sun->sun_path) == -1 ? errno : 0;
}

/* Binds fd to a path that root and the group may connect to. */
static int
socket_bind_path(int fd, const char *path, gid_t group)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	mode_t mask;
	int error, probe;

	strncpy(sun.sun_path, path, sizeof(sun.sun_path) - 1);
	probe = socket(AF_UNIX, SOCK_STREAM, 0);
	error = probe != -1 ? socket_clear(&sun, probe) : errno;
	if (probe != -1)
		close(probe);
	if (error != 0)
		return error;
	mask = umask(0117);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 || chown(path, 0, group) == -1)
		error = errno;
	umask(mask);
	return error;
}

static int
socket_open(const struct helper_control_socket *s, int *out)
{
	const int family = s->path[0] != '\0' ? AF_UNIX : s->addr.sa.sa_family, on = 1;
	int fd = socket(family, SOCK_STREAM, 0), error = 0;

	if (fd == -1)
		return errno;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 || fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		error = errno;
	if (error == 0 && family == AF_UNIX)
		error = socket_bind_path(fd, s->path, s->group);
	else if (error == 0 && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(fd, &s->addr.sa, addr_len(&s->addr)) == -1))
		error = errno;
	if (error == 0 && listen(fd, SOMAXCONN) == -1)
		error = errno;
	if (error == 0)
		*out = fd;
	else
		close(fd);
	return error;
}

static void
socket_remove(struct helper_control_socket *s)
{
	if (s->path[0] != '\0')
		unlink(s->path);
	memset(s, 0, sizeof(*s));
}

/* Opens the wanted socket and sends it to the worker, unless the worker has it. */
static void
socket_send(struct helper_control_socket *have, const struct helper_control_socket *want, struct ipc *ipc,
    enum ipc_listener_kind kind, const char *key)
{
	struct ipc_msg msg = { .type = IPC_LISTENER, .listener = { .kind = kind } };
	char text[ADDR_TEXT_MAX];
	const char *what = want->path[0] != '\0' ? want->path : addr_format(&want->addr, text);
	int fd = -1, error = 0;

	if (strcmp(have->path, want->path) == 0 && addr_equal(&have->addr, &want->addr) && have->group == want->group)
		return;
	socket_remove(have);
	if (want->path[0] != '\0' || addr_is_set(&want->addr))
		error = socket_open(want, &fd);
	if (error == EADDRINUSE)
		log_warn("%s is in use by another program; going on without it; choose another place with %s",
		    what, key);
	else if (error != 0)
		log_warn("cannot listen at %s: %s; going on without it; choose another place with %s", what,
		    strerror(error), key);
	else
		*have = *want;
	if (ipc_send(ipc, &msg, fd) != 0)
		log_debug("the worker is gone");
	if (fd != -1)
		close(fd);
}

static gid_t
group_of(const struct conf *conf)
{
	const struct group *gr = conf->control.group != NULL ? getgrnam(conf->control.group) : NULL;

	if (gr == NULL && conf->control.group != NULL)
		log_warn("control.group: there is no group \"%s\"; only root may use the control socket",
		    conf->control.group);
	return gr != NULL ? gr->gr_gid : 0;
}

void
helper_control_send(struct helper_control *have, const struct conf *conf, struct ipc *ipc)
{
	struct helper_control_socket want = { .group = group_of(conf) };

	snprintf(want.path, sizeof(want.path), "%s", conf->control.socket);
	socket_send(&have->control, &want, ipc, LISTEN_CONTROL, "control.socket");
	want.path[0] = '\0';
	want.addr = conf->control.metrics.addr;
	if (conf->control.metrics.path != NULL)
		snprintf(want.path, sizeof(want.path), "%s", conf->control.metrics.path);
	socket_send(&have->metrics, &want, ipc, LISTEN_METRICS, "control.metrics");
}

void
helper_control_close(struct helper_control *have)
{
	socket_remove(&have->control);
	socket_remove(&have->metrics);
}

void
helper_control_reply(struct ipc *ipc, const struct ipc_msg *request, int error, const char *text)
{
	struct ipc_msg msg = { .type = request->type, .id = request->id, .error = error };
	FILE *file = tmpfile();

	if (file != NULL && (fputs(text, file) == EOF || fflush(file) != 0)) {
		fclose(file);
		file = NULL;
	}
	if (ipc_send(ipc, &msg, file != NULL ? fileno(file) : -1) != 0)
		log_debug("the worker is gone");
	if (file != NULL)
		fclose(file);
}

/* Refuses a directory that others may write to: they could make us open any file. */
static int
state_directory(void)
{
	struct stat st;

	if (mkdir(PFI_STATE_DIR, 0700) == -1 && errno != EEXIST)
		return errno;
	if (lstat(PFI_STATE_DIR, &st) == -1)
		return errno;
	if (!S_ISDIR(st.st_mode) || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return EPERM;
	return 0;
}

static int
state_open(int *fd)
{
	int error = state_directory();

	if (error != 0)
		return error;
	*fd = open(FILE_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd == -1)
		return errno;
	if (flock(*fd, LOCK_EX | LOCK_NB) == -1) {
		error = errno;
		close(*fd);
		*fd = -1;
	}
	return error;
}

static int
ranges_save(const struct conf *conf)
{
	char text[ADDR_TEXT_MAX];
	int error = state_directory();
	FILE *file = error == 0 ? fopen(FAKE_RANGE_FILE ".new", "we") : NULL;

	if (file == NULL)
		return error != 0 ? error : errno;
	for (size_t i = 0; i < conf->dns.nfake_ip; i++)
		fprintf(file, "%s\n", network_format(&conf->dns.fake_ip[i], text));
	error = ferror(file) != 0 ? EIO : 0;
	if (fclose(file) != 0 || (error == 0 && rename(FAKE_RANGE_FILE ".new", FAKE_RANGE_FILE) == -1))
		error = errno;
	return error;
}

void
helper_control_choose_ranges(struct conf *conf)
{
	int error = fake_range_set(conf);

	if (conf->dns.fake_ip_mode != FAKE_IP_AUTO)
		return;
	if (error != 0 || conf->dns.nfake_ip == 0)
		log_warn("dns.fake_ip: no unused network was found%s%s; write one in place of \"auto\"",
		    error != 0 ? ": " : "", error != 0 ? strerror(error) : "");
	else if ((error = ranges_save(conf)) != 0)
		log_debug("dns.fake_ip: the choice of networks is not saved: %s", strerror(error));
}

void
helper_control_send_map(int *fd, const struct conf *conf, struct ipc *ipc)
{
	struct ipc_msg msg = { .type = IPC_FAKE_IP };
	int error = 0;

	if (conf->dns.fake_ip_mode == FAKE_IP_OFF)
		return;
	for (size_t i = 0; i < conf->dns.nfake_ip; i++)
		msg.fake_ip.ranges[msg.fake_ip.count++] = conf->dns.fake_ip[i];
	if (*fd == -1)
		error = state_open(fd);
	ipc_send(ipc, &msg, *fd);
	if (error != 0)
		log_warn("dns.fake_ip: " FILE_NAME " cannot be used: %s; the addresses of names are "
		    "lost at a restart", error == EWOULDBLOCK ? "another pfinterceptd uses it" :
		    error == EPERM ? "its directory must belong to root, and only root may write to it" :
		    strerror(error));
}
