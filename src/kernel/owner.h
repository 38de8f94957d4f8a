/*
 * owner.h - the user whose socket a flow comes from, for rules with a user.
 *
 * The worker asks with IPC_OWNER (owner_ask(), owner_from_answer()), the helper answers (owner_serve()). The lookup is
 * in owner_linux.c, owner_freebsd.c, owner_openbsd.c or owner_darwin.c; the build chooses one.
 *
 * The owner is the user that created the socket (macOS: the user of the process that has it).
 *
 * Errors:  ENOENT: not a socket of this host, already closed, or the system does not tell.
 * Bounds:  OWNER_MS for an answer; then the owner is unknown.
 */
#pragma once

#include "conf/conf.h"
#include "process/ipc.h"

#define OWNER_MS 10000          /* long: if the helper is slow, no flow may miss its rule */

/* Asks for the owner of a flow to dst, if a rule of conf has a user. Returns the id for ipc_cancel(); 0: not asked, and
 * answer() is not called. */
uint32_t owner_ask(struct ipc *, const struct conf *, const struct flow *, const union addr *dst, ipc_answer *answer,
    void *arg);
/* The user in an answer, or RULE_USER_UNKNOWN. Closes fd, if it is not -1. */
uid_t owner_from_answer(int error, const struct ipc_msg *, int fd);

/* Answers one IPC_OWNER request, whose contents it does not trust. */
void owner_serve(struct ipc *, const struct ipc_msg *);

/* How well a socket with these ends fits a flow, in rising order; the best one is the flow's. An end that is not bound
 * or connected has the wildcard address, and if remote, port 0. */
enum owner_fit { OWNER_NOT, OWNER_ANY, OWNER_BOUND, OWNER_CONNECTED };
enum owner_fit owner_fits(const union addr *local, const union addr *remote, const union addr *client,
    const union addr *dst);

/* Each system's part. Replaces client by the address that the client's socket has, if the firewall gave the flow
 * another source port and the system knows the first one. */
void owner_client(int proto, const union addr *local, const union addr *dst, union addr *client);
/* The user of the socket that sends from client, an address of this host, to dst. 0 or an errno value. */
int owner_find(int proto, const union addr *client, const union addr *dst, uid_t *uid);
