/*
 * anchor_backend.h - the functions that a firewall provides behind anchor.h. Only anchor.c and the backends in
 *                    kernel/pf and kernel/nft include this.
 *
 * Each function has the contract of the one of the same name in anchor.h. NULL stands for "nothing to do" and success.
 */
#pragma once

#include "kernel/anchor_input.h"

struct anchor;

struct anchor_ops {
	const char        *name;
	enum conf_firewall firewall;
	bool               linklocal;   /* DNS to link-local resolvers is intercepted */
	size_t             size;        /* of the backend's own struct, which begins with struct anchor */
	void (*open)(struct anchor *);  /* fills in what is not zero; may read spec.changed */
	void (*close)(struct anchor *);
	void (*describe)(const struct anchor *, unsigned char changed[ANCHOR_CHANGED_MAX]);
	int  (*prepare)(struct anchor *, const struct conf *);
	void (*survey)(struct anchor *);
	int  (*render)(const struct anchor *, const struct anchor_input *, FILE *out);
	int  (*load)(struct anchor *, const char *text, bool keep);
	int  (*remove)(struct anchor *);
	void (*forget)(struct anchor *);
	int  (*verify)(struct anchor *);
	bool (*healthy)(struct anchor *);       /* NULL: verify() does not wait */
	int  (*learn)(struct anchor *, bool add, const union addr *, size_t n);
	int  (*count)(struct anchor *, uint64_t *flows);
};

struct anchor {
	const struct anchor_ops *ops;
	struct anchor_spec       spec;  /* as given to anchor_open() */
};

/* The backend that the build has. */
extern const struct anchor_ops anchor_native;
