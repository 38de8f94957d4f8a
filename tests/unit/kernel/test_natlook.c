/*
 * DIOCNATLOOK over a fake kernel: what is asked, what becomes of the answers, who is asked again. Built
 * once with the layout of FreeBSD and once, with -DPF_ABI_MACOS, with that of macOS.
 */
#include "config.h"

#include <ev.h>

#include "kernel/pf/firewall_pf.h"
#include "kernel/pf/pf_abi.h"
#include "process/ipc.h"
#include "../test.h"
#include "../quiet_log.h"

#define FAKE_FD 1000            /* closed by the backend at its end, which fails harmlessly */

/* The fake kernel answers with what stands here, one after the other. */
static struct {
	struct pfioc_natlook asked;
	unsigned long        request;
	int                  fd, calls, errors[4];
	const char          *answer;            /* address of the original destination */
	uint16_t             port;
} kernel;

static int
fake_ioctl(int fd, unsigned long request, void *arg)
{
	struct pfioc_natlook *nl = arg;
	const int error = kernel.errors[kernel.calls];
	const uint8_t *bytes;
	union addr dst;
	size_t len;

	kernel.fd = fd;
	kernel.request = request;
	kernel.asked = *nl;
	kernel.calls++;
	if (error != 0) {
		errno = error;
		return -1;
	}
	assert_int_equal(addr_parse(kernel.answer, kernel.port, &dst), 0);
	bytes = addr_bytes(&dst, &len);
	memcpy(&nl->rdaddr, bytes, len);
#ifdef PF_ABI_MACOS
	nl->rdxport.port = htons(kernel.port);
#else
	nl->rdport = htons(kernel.port);
#endif
	return 0;
}

/* The fake helper keeps the last request and answers when a test says so. */
static struct {
	struct ipc_msg msg;
	ipc_answer    *answer;
	void          *arg;
	int            requests, cancelled;
} helper;

uint32_t
ipc_request(struct ipc *ipc, struct ipc_msg *msg, unsigned timeout_ms, ipc_answer *answer, void *arg)
{
	assert_in_range(timeout_ms, 100, 10000);
	helper.msg = *msg;
	helper.answer = answer;
	helper.arg = arg;
	return (uint32_t)++helper.requests;
}

void
ipc_cancel(struct ipc *ipc, uint32_t id)
{
	assert_int_equal(id, helper.requests);
	helper.cancelled++;
}

int
ipc_send(struct ipc *ipc, const struct ipc_msg *msg, int fd)
{
	helper.msg = *msg;
	return 0;
}

static int
setup(void **state)
{
	memset(&kernel, 0, sizeof(kernel));
	memset(&helper, 0, sizeof(helper));
	memset(&quiet_log, 0, sizeof(quiet_log));
	kernel.answer = "203.0.113.7";
	kernel.port = 443;
	return 0;
}

static union addr
addr(const char *text, uint16_t port)
{
	union addr a;

	assert_int_equal(addr_parse(text, port, &a), 0);
	return a;
}

static int
look(int proto, const char *peer, uint16_t pport, const char *local, uint16_t lport, union addr *dst)
{
	const union addr p = addr(peer, pport), l = addr(local, lport);

	return pf_natlook(FAKE_FD, fake_ioctl, proto, &p, &l, dst);
}

static uint16_t
asked_sport(void)
{
#ifdef PF_ABI_MACOS
	assert_int_equal(kernel.asked.sxport.spi >> 16, 0);
	return ntohs(kernel.asked.sxport.port);
#else
	return ntohs(kernel.asked.sport);
#endif
}

static uint16_t
asked_dport(void)
{
#ifdef PF_ABI_MACOS
	return ntohs(kernel.asked.dxport.port);
#else
	return ntohs(kernel.asked.dport);
#endif
}

TEST(asks_for_tcp_over_ipv4)
{
	static const uint8_t client[16] = { 10, 0, 0, 5 }, listener[16] = { 127, 0, 0, 1 };
	const union addr want = addr("203.0.113.7", 443);
	union addr dst;

	assert_int_equal(look(IPPROTO_TCP, "10.0.0.5", 50000, "127.0.0.1", 10080, &dst), 0);
	assert_true(addr_equal(&dst, &want));
	assert_int_equal(kernel.fd, FAKE_FD);
	assert_true(kernel.request == DIOCNATLOOK);
	assert_memory_equal(&kernel.asked.saddr, client, 16);
	assert_memory_equal(&kernel.asked.daddr, listener, 16);
	assert_int_equal(asked_sport(), 50000);
	assert_int_equal(asked_dport(), 10080);
	assert_int_equal(kernel.asked.af, AF_INET);
	assert_int_equal(kernel.asked.proto, IPPROTO_TCP);
	assert_int_equal(kernel.asked.direction, 2);
}

TEST(asks_for_udp_over_ipv6)
{
	const union addr want = addr("2001:db8::7", 443);
	union addr dst;

	kernel.answer = "2001:db8::7";
	assert_int_equal(look(IPPROTO_UDP, "fd00:1::1", 50000, "::1", 10080, &dst), 0);
	assert_true(addr_equal(&dst, &want));
	assert_int_equal(kernel.asked.af, AF_INET6);
	assert_int_equal(kernel.asked.proto, IPPROTO_UDP);
	assert_int_equal(kernel.asked.direction, 2);
}

/* macOS compares it before anything else, and only for UDP. */
TEST(proto_variant_is_one_for_udp_and_zero_for_tcp)
{
	union addr dst;

	assert_int_equal(look(IPPROTO_UDP, "10.0.0.5", 50000, "127.0.0.1", 10080, &dst), 0);
#ifdef PF_ABI_MACOS
	assert_int_equal(kernel.asked.proto_variant, 1);
	assert_int_equal(look(IPPROTO_TCP, "10.0.0.5", 50000, "127.0.0.1", 10080, &dst), 0);
	assert_int_equal(kernel.asked.proto_variant, 0);
#endif
}

TEST(v4_mapped_addresses_are_unmapped)
{
	static const uint8_t client[16] = { 10, 0, 0, 5 };
	union addr dst;

	assert_int_equal(look(IPPROTO_TCP, "::ffff:10.0.0.5", 50000, "::ffff:127.0.0.1", 10080, &dst), 0);
	assert_int_equal(kernel.asked.af, AF_INET);
	assert_memory_equal(&kernel.asked.saddr, client, 16);
	assert_int_equal(dst.sa.sa_family, AF_INET);
}

TEST(scope_ids_are_not_asked_and_not_answered)
{
	static const uint8_t client[16] = { 0xfe, 0x80, [15] = 5 };
	union addr peer = addr("fe80::5", 50000), local = addr("fd00:1::1", 10080), dst;

	kernel.answer = "2001:db8::7";
	peer.in6.sin6_scope_id = 3;
	assert_int_equal(pf_natlook(FAKE_FD, fake_ioctl, IPPROTO_TCP, &peer, &local, &dst), 0);
	assert_memory_equal(&kernel.asked.saddr, client, 16);
	assert_int_equal(dst.in6.sin6_scope_id, 0);
}

TEST(what_the_kernel_would_refuse_is_never_asked)
{
	union addr dst;

	assert_int_equal(look(IPPROTO_TCP, "10.0.0.5", 50000, "0.0.0.0", 10080, &dst), EINVAL);
	assert_int_equal(look(IPPROTO_TCP, "10.0.0.5", 50000, "::", 10080, &dst), EINVAL);
	assert_int_equal(look(IPPROTO_TCP, "0.0.0.0", 50000, "127.0.0.1", 10080, &dst), EINVAL);
	assert_int_equal(look(IPPROTO_TCP, "10.0.0.5", 0, "127.0.0.1", 10080, &dst), EINVAL);
	assert_int_equal(look(IPPROTO_UDP, "10.0.0.5", 50000, "127.0.0.1", 0, &dst), EINVAL);
	assert_int_equal(look(IPPROTO_TCP, "10.0.0.5", 50000, "::1", 10080, &dst), EINVAL);
	assert_int_equal(look(IPPROTO_ICMP, "10.0.0.5", 50000, "127.0.0.1", 10080, &dst), EINVAL);
	assert_int_equal(look(0, "10.0.0.5", 50000, "127.0.0.1", 10080, &dst), EINVAL);
	assert_int_equal(pf_natlook(FAKE_FD, fake_ioctl, IPPROTO_TCP, &addr_none, &addr_none, &dst), EINVAL);
	assert_int_equal(kernel.calls, 0);
}

TEST(errors_of_the_kernel_are_handed_on)
{
	static const int errors[] = { ENOENT, E2BIG, EPERM, ENODEV };
	union addr dst;

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		kernel.calls = 0;
		kernel.errors[0] = errors[i];
		assert_int_equal(look(IPPROTO_TCP, "10.0.0.5", 50000, "127.0.0.1", 10080, &dst), errors[i]);
	}
}

/* From here on: the worker's backend, with its retry. */

static struct ev_loop *loop;
static struct firewall *fw;
static struct flow flow;
static int calls, outcome;      /* what the callback was told */
static union addr dst;

static void
outcome_cb(void *arg, int error, const union addr *addr)
{
	assert_ptr_equal(arg, &calls);
	calls++;
	outcome = error;
	dst = *addr;
}

static void
begin(int device)
{
	const union addr own = addr("127.0.0.1", 10080);

	loop = ev_loop_new(0);
	fw = firewall_pf_new(loop, NULL, device, fake_ioctl);
	assert_non_null(fw);
	firewall_add_listener(fw, &own);
	flow = (struct flow){ .fd = -1, .proto = IPPROTO_TCP, .peer = addr("10.0.0.5", 50000), .local = own };
	calls = outcome = 0;
}

static void
end(void)
{
	fw->ops->free(fw);
	ev_loop_destroy(loop);
}

/* Asks for the flow's destination. */
static int
ask(void)
{
	return fw->ops->original_dst(fw, &flow, &dst, outcome_cb, &calls);
}

TEST(first_enoent_is_asked_again_and_then_answered)
{
	begin(FAKE_FD);
	kernel.errors[0] = ENOENT;
	assert_int_equal(ask(), EINPROGRESS);
	assert_int_equal(calls, 0);
	ev_run(loop, 0);
	assert_int_equal(kernel.calls, 2);
	assert_int_equal(calls, 1);
	assert_int_equal(outcome, 0);
	assert_int_equal(addr_port(&dst), 443);
	end();
}

TEST(second_enoent_is_final)
{
	begin(FAKE_FD);
	kernel.errors[0] = kernel.errors[1] = ENOENT;
	assert_int_equal(ask(), EINPROGRESS);
	ev_run(loop, 0);
	assert_int_equal(kernel.calls, 2);
	assert_int_equal(calls, 1);
	assert_int_equal(outcome, ENOENT);
	end();
}

TEST(a_cancelled_question_is_not_answered)
{
	begin(FAKE_FD);
	kernel.errors[0] = ENOENT;
	assert_int_equal(ask(), EINPROGRESS);
	fw->ops->cancel(fw, &calls);
	ev_run(loop, 0);
	assert_int_equal(kernel.calls, 1);
	assert_int_equal(calls, 0);
	end();
}

TEST(several_states_are_an_error_logged_with_the_tuple)
{
	begin(FAKE_FD);
	kernel.errors[0] = E2BIG;
	assert_int_equal(ask(), E2BIG);
	assert_non_null(strstr(quiet_log.last, "proto=tcp src=10.0.0.5:50000 local=127.0.0.1:10080"));
	end();
}

TEST(our_own_listener_as_destination_is_for_the_caller_to_judge)
{
	begin(FAKE_FD);
	kernel.answer = "127.0.0.1";
	kernel.port = 10080;
	assert_int_equal(ask(), 0);
	assert_true(firewall_is_listener(fw, &dst));
	assert_string_equal(quiet_log.last, "");        /* the DNS forwarder may be asked directly */
	end();
}

static void
answer(int error, const char *to, uint16_t port)
{
	struct ipc_msg msg;

	memset(&msg, 0, sizeof(msg));
	msg.type = IPC_NATLOOK;
	msg.error = error;
	if (to != NULL)
		msg.natlook.dst = addr(to, port);
	helper.answer(helper.arg, error, error == ETIMEDOUT ? NULL : &msg, -1);
}

TEST(without_a_descriptor_the_helper_is_asked)
{
	begin(-1);
	assert_int_equal(ask(), EINPROGRESS);
	assert_int_equal(helper.msg.type, IPC_NATLOOK);
	assert_int_equal(helper.msg.natlook.proto, IPPROTO_TCP);
	assert_true(addr_equal(&helper.msg.natlook.peer, &flow.peer));
	assert_true(addr_equal(&helper.msg.natlook.local, &flow.local));
	answer(ENOENT, NULL, 0);
	assert_int_equal(calls, 0);
	ev_run(loop, 0);
	assert_int_equal(helper.requests, 2);
	answer(0, "203.0.113.9", 80);
	assert_int_equal(calls, 1);
	assert_int_equal(outcome, 0);
	assert_int_equal(addr_port(&dst), 80);
	assert_int_equal(kernel.calls, 0);
	end();
}

TEST(a_helper_that_does_not_answer_is_a_timeout)
{
	begin(-1);
	assert_int_equal(ask(), EINPROGRESS);
	answer(ETIMEDOUT, NULL, 0);
	assert_int_equal(calls, 1);
	assert_int_equal(outcome, ETIMEDOUT);
	end();
}

TEST(the_end_of_the_backend_withdraws_its_requests)
{
	begin(-1);
	assert_int_equal(ask(), EINPROGRESS);
	fw->ops->free(fw);
	assert_int_equal(helper.cancelled, 1);
	assert_int_equal(calls, 0);
	ev_loop_destroy(loop);
}

TEST(a_request_of_another_shape_is_refused_by_the_helper)
{
	struct ipc_msg msg;

	memset(&msg, 0, sizeof(msg));
	msg.type = IPC_NATLOOK;
	msg.id = 7;
	msg.natlook.peer = addr("192.0.2.1", 1);
	firewall_serve(NULL, &msg);
	assert_int_equal(helper.msg.id, 7);
	assert_int_equal(helper.msg.error, EINVAL);
	assert_false(addr_is_set(&helper.msg.natlook.dst));
}

RUN_TESTS(setup, NULL)
