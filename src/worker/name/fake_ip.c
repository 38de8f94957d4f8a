#include "config.h"

#include "worker/name/fake_ip.h"

#include <sys/queue.h>

#include <unistd.h>

#define HASH_NONFATAL_OOM 1
#include "base/hash.h"

#include "base/log.h"
#include "base/rate.h"
#include "worker/name/fake_slot.h"

#define WRITE_S   60.0           /* a time of use is written again when that in the file is older */
#define WARN_RATE 1.0            /* lines of one kind in a second */
#define HOLD_S    (FAKE_IP_TTL_S + FAKE_IP_GRACE_S)
#define HOLD_UNUSED_S (FAKE_IP_TTL_S + FAKE_IP_UNUSED_S)
#define LOW_BITS  16             /* bits of an address that hold the index; enough for FAKE_IP_NAMES */

struct fake_name {
	UT_hash_handle hh;              /* fake_ip->names, by host */
	TAILQ_ENTRY(fake_name) idle;    /* fake_ip->idle or unused, while it has no flow */
	uint32_t index;
	unsigned flows;
	bool     stale;                 /* no longer in the map; freed with its last flow */
	bool     flowed;                /* it has had a flow: idle, else unused */
	double   used, written;
	char     host[];
};

struct fake_ip {
	struct network     ranges[2];
	size_t             nranges;
	uint64_t           seed;
	uint32_t           size, fresh;         /* number of indices; those below fresh are in use */
	struct fake_name **by_index;
	struct fake_name  *names;
	TAILQ_HEAD(fake_queue, fake_name) idle, unused; /* least recently used first */
	int                fd;                  /* -1: none */
	struct rate        full, refused;
};

struct fake_ip *
fake_ip_new(void)
{
	struct fake_ip *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	TAILQ_INIT(&f->idle);
	TAILQ_INIT(&f->unused);
	f->fd = -1;
	return f;
}

void
fake_ip_set_file(struct fake_ip *f, int fd)
{
	if (f->fd != -1)
		close(f->fd);
	f->fd = fd;
}

/* Empties the file, so that a later start does not believe an old name. */
static void
fake_ip_file_failed(struct fake_ip *f, int error)
{
	log_warn("dns.fake_ip: cannot use the file of names: %s; names are not saved until a reload", strerror(error));
	if (ftruncate(f->fd, 0) == -1)
		log_warn("dns.fake_ip: cannot empty the file of names: %s", strerror(errno));
	fake_ip_set_file(f, -1);
}

static void
fake_ip_used(struct fake_ip *f, struct fake_name *name, double now)
{
	int error;

	name->used = now;
	if (f->fd == -1 || (now >= name->written && now - name->written < WRITE_S))
		return;
	name->written = now;
	error = fake_slot_write(f->fd, f->seed, name->index, name->host, name->flowed, now);
	if (error != 0)
		fake_ip_file_failed(f, error);
}

static struct fake_queue *
queue_of(struct fake_ip *f, const struct fake_name *name)
{
	return name->flowed ? &f->idle : &f->unused;
}

/* NULL: no memory. */
static struct fake_name *
fake_name_new(struct fake_ip *f, uint32_t index, const char *host)
{
	const size_t len = strlen(host);
	struct fake_name *name = calloc(1, sizeof(*name) + len + 1);

	if (name == NULL)
		return NULL;
	memcpy(name->host, host, len);
	name->index = index;
	name->written = -WRITE_S;
	HASH_ADD_KEYPTR(hh, f->names, name->host, len, name);
	if (name->hh.tbl == NULL) {
		free(name);
		return NULL;
	}
	f->by_index[index] = name;
	return name;
}

static void
fake_name_forget(struct fake_ip *f, struct fake_name *name)
{
	HASH_DELETE(hh, f->names, name);
	f->by_index[name->index] = NULL;
	name->stale = true;
	if (name->flows > 0)
		return;
	TAILQ_REMOVE(queue_of(f, name), name, idle);
	free(name);
}

static struct fake_name *
fake_ip_find(const struct fake_ip *f, const char *host)
{
	struct fake_name *name;

	HASH_FIND_STR(f->names, host, name);
	return name;
}

static void
fake_ip_read_cb(void *arg, uint32_t index, const char *host, bool flowed, double used)
{
	struct fake_ip *f = arg;
	struct fake_name *name = fake_ip_find(f, host) == NULL ? fake_name_new(f, index, host) : NULL;

	if (name == NULL)
		return;
	name->used = name->written = used;
	name->flowed = flowed;
}

static int
fake_name_compare(const struct fake_name *a, const struct fake_name *b)
{
	return (a->used > b->used) - (a->used < b->used);
}

static void
fake_ip_read(struct fake_ip *f, double now)
{
	struct fake_name *name, *next;
	int error = fake_slots_read(f->fd, f->seed, f->size, fake_ip_read_cb, f);

	HASH_SORT(f->names, fake_name_compare);
	HASH_ITER(hh, f->names, name, next) {
		/* The last use may be up to WRITE_S after the one in the file. */
		name->used = name->used + WRITE_S < now ? name->used + WRITE_S : now;
		TAILQ_INSERT_TAIL(queue_of(f, name), name, idle);
	}
	if (error != 0)
		fake_ip_file_failed(f, error);
	else if (f->names != NULL)
		log_info("dns.fake_ip: read %u names from the file", HASH_COUNT(f->names));
}

/* The number of usable addresses: not the network's own, and not the last one. */
static uint32_t
range_size(const struct network *range)
{
	const unsigned bits = (range->family == AF_INET6 ? 128u : 32u) - range->prefix;

	return bits > LOW_BITS ? FAKE_IP_NAMES : (1u << bits) - 2;
}

int
fake_ip_set_ranges(struct fake_ip *f, const struct network *ranges, size_t n, double now)
{
	const uint64_t seed = fake_slot_seed(ranges, n);
	struct fake_name *name, *next;

	if (n == f->nranges && seed == f->seed)
		return 0;
	HASH_ITER(hh, f->names, name, next)
		fake_name_forget(f, name);
	free(f->by_index);
	f->by_index = NULL;
	f->nranges = 0;
	f->fresh = 0;
	f->seed = seed;
	f->size = FAKE_IP_NAMES;
	for (size_t i = 0; i < n; i++)
		if (range_size(&ranges[i]) < f->size)
			f->size = range_size(&ranges[i]);
	if (n > 0 && (f->by_index = calloc(f->size, sizeof(struct fake_name *))) == NULL)
		return ENOMEM;
	for (; f->nranges < n; f->nranges++)
		f->ranges[f->nranges] = ranges[f->nranges];
	if (n > 0 && f->fd != -1)
		fake_ip_read(f, now);
	return 0;
}

void
fake_ip_free(struct fake_ip *f)
{
	if (f == NULL)
		return;
	fake_ip_set_ranges(f, NULL, 0, 0);
	fake_ip_set_file(f, -1);
	free(f);
}

/* Index i has address i + 1 of the range. */
static void
range_address(const struct network *range, uint32_t index, union addr *out)
{
	const size_t len = range->family == AF_INET6 ? 16 : 4;
	uint8_t bytes[16];

	memcpy(bytes, range->bytes, len);
	bytes[len - 2] = (uint8_t)(bytes[len - 2] | (index + 1) >> 8);
	bytes[len - 1] = (uint8_t)(bytes[len - 1] | ((index + 1) & 0xff));
	addr_from_bytes(out, range->family, bytes, 0);
}

static const struct network *
fake_ip_range(const struct fake_ip *f, const union addr *addr)
{
	for (size_t i = 0; i < f->nranges; i++)
		if (network_contains(&f->ranges[i], addr))
			return &f->ranges[i];
	return NULL;
}

bool
fake_ip_covers(const struct fake_ip *f, const union addr *addr)
{
	return fake_ip_range(f, addr) != NULL;
}

static struct fake_name *
fake_ip_at(const struct fake_ip *f, const union addr *addr)
{
	const struct network *range = fake_ip_range(f, addr);
	const uint8_t *bytes;
	union addr same;
	uint32_t number;
	size_t len;

	if (range == NULL)
		return NULL;
	bytes = addr_bytes(addr, &len);
	number = (uint32_t)(bytes[len - 2] ^ range->bytes[len - 2]) << 8 | (bytes[len - 1] ^ range->bytes[len - 1]);
	if (number == 0 || number > f->size)
		return NULL;
	range_address(range, number - 1, &same);
	return addr_same_ip(&same, addr) ? f->by_index[number - 1] : NULL;
}

const char *
fake_ip_lookup(const struct fake_ip *f, const union addr *addr)
{
	const struct fake_name *name = fake_ip_at(f, addr);

	return name != NULL ? name->host : NULL;
}

/* The least recently used name of a queue, if that was long enough ago. */
static struct fake_name *
queue_oldest(const struct fake_queue *queue, double now, double hold)
{
	struct fake_name *oldest = TAILQ_FIRST(queue);

	if (oldest != NULL && oldest->used > now)       /* the clock was set back */
		oldest->used = now;
	return oldest != NULL && now - oldest->used >= hold ? oldest : NULL;
}

/* Finds a free index, or takes one: the least recently used of names that never had a flow, else of the others. ENOSPC:
 * none may be taken. */
static int
fake_ip_make_room(struct fake_ip *f, double now, uint32_t *index)
{
	struct fake_name *oldest;

	while (f->fresh < f->size && f->by_index[f->fresh] != NULL)
		f->fresh++;
	*index = f->fresh;
	if (f->fresh < f->size)
		return 0;
	oldest = queue_oldest(&f->unused, now, HOLD_UNUSED_S);
	if (oldest == NULL)
		oldest = queue_oldest(&f->idle, now, HOLD_S);
	if (oldest == NULL)
		return ENOSPC;
	*index = oldest->index;
	fake_name_forget(f, oldest);
	return 0;
}

static int
fake_ip_add(struct fake_ip *f, const char *host, double now, struct fake_name **out)
{
	uint32_t index;
	int error = fake_ip_make_room(f, now, &index);

	if (error == ENOSPC && rate_take(&f->full, WARN_RATE, now))
		log_warn("dns.fake_ip: no address is free: all %u were used lately; "
		    "make the smaller range larger", f->size);
	if (error != 0)
		return error;
	*out = fake_name_new(f, index, host);
	if (*out == NULL) {
		f->fresh = index;
		return ENOMEM;
	}
	TAILQ_INSERT_TAIL(&f->unused, *out, idle);
	return 0;
}

int
fake_ip_assign(struct fake_ip *f, const char *host, int family, double now, union addr *out)
{
	const struct network *range = NULL;
	struct fake_name *name = fake_ip_find(f, host);
	int error = 0;

	for (size_t i = 0; i < f->nranges; i++)
		if (f->ranges[i].family == family)
			range = &f->ranges[i];
	if (range == NULL)
		return ENOENT;
	if (name == NULL)
		error = fake_ip_add(f, host, now, &name);
	if (error != 0)
		return error;
	if (name->flows == 0) {
		TAILQ_REMOVE(queue_of(f, name), name, idle);
		TAILQ_INSERT_TAIL(queue_of(f, name), name, idle);
	}
	fake_ip_used(f, name, now);
	range_address(range, name->index, out);
	return 0;
}

struct fake_name *
fake_ip_enter(struct fake_ip *f, const union addr *addr, double now)
{
	struct fake_name *name = fake_ip_at(f, addr);

	if (name == NULL)
		return NULL;
	if (name->flows++ == 0)
		TAILQ_REMOVE(queue_of(f, name), name, idle);
	if (!name->flowed)
		name->written = now - WRITE_S;  /* the file is to know it */
	name->flowed = true;
	fake_ip_used(f, name, now);
	return name;
}

void
fake_ip_leave(struct fake_ip *f, struct fake_name *name, double now)
{
	if (--name->flows > 0)
		return;
	if (name->stale) {
		free(name);
		return;
	}
	TAILQ_INSERT_TAIL(&f->idle, name, idle);
	fake_ip_used(f, name, now);
}

const char *
fake_name_host(const struct fake_name *name)
{
	return name->host;
}

bool
fake_name_is_stale(const struct fake_name *name)
{
	return name->stale;
}

void
fake_ip_warn_stale(struct fake_ip *f, const union addr *client, const union addr *dst, double now)
{
	char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];

	if (rate_take(&f->refused, WARN_RATE, now))
		log_warn("refused %s: %s is an address of dns.fake_ip without a name; "
		    "the program must look the name up again", addr_format(client, from), addr_format(dst, to));
}
