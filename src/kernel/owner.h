/*
 * owner.h - whose socket does a flow come from? For rules with a user.
 *
 * The worker asks by IPC_OWNER: owner_ask(), owner_from_answer(). The helper answers: owner_serve(). What a system knows is in
 * owner_linux.c, owner_freebsd.c, owner_openbsd.c or owner_darwin.c; the build chooses one.
 *
 * The user is the one who made the socket (macOS: whose process has it).
 *
 * Errors:  ENOENT: it is no socket of this host, is closed already, or the system does not tell.
 * Bounds:  OWNER_MS for an answer; then the owner is unknown.
 */
#ifndef PFI_OWNER_H
#define PFI_OWNER_H

#include "conf/conf.h"
#include "process/ipc.h"

#define OWNER_MS 10000          /* long: a slow helper must not make a flow pass by its rule */

/* Asks for the owner of a flow to dst, if a rule that is in force wants to know. The id for ipc_cancel(); 0: nobody is
 * asked, and answer() will not come. */
uint32_t owner_ask(struct ipc *, const struct conf *, const struct flow *, const union addr *dst, ipc_answer *answer, void *arg);
/* What an ipc_answer got: the user, or RULE_USER_UNKNOWN. Closes a descriptor that came along. */
uid_t owner_from_answer(int error, const struct ipc_msg *, int fd);

/* Answers one IPC_OWNER request checked as if a stranger had made
 * it. */
void owner_serve(struct ipc *, const struct ipc_msg *);

/* How a socket with these ends fits a flow; the best of all sockets is the flow's. An end that is not bound or connected
 * has the wildcard address and, for the remote one, port 0. */
enum owner_fit { OWNER_NOT, OWNER_ANY, OWNER_BOUND, OWNER_CONNECTED };
enum owner_fit owner_fits(const union addr *local, const union addr *remote, const union addr *client, const union addr *dst);

/* The systems' own part. The firewall may have given the flow another source port: makes client what the client itself
 * has, if it is known. */
void owner_client(int proto, const union addr *local, const union addr *dst, union addr *client);
/* The user of the socket that sends from client, an address of this host, to dst. 0 or an errno value. */
int owner_find(int proto, const union addr *client, const union addr *dst, uid_t *uid);

#endif
