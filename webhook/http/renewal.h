/* renewal: policy set, certificates, keys and the path secret are read anew when their files
 * change, by a thread of its own; at SIGHUP at once. So is the audit log's file at SIGHUP and
 * SIGUSR1; and what is wrong with it is told in between.
 *
 * The files are looked at, four times a second, instead of waiting to be told: some filesystems
 * tell nothing, and a look at 1,000 files takes 2 ms. What has changed is read when it was found
 * the same twice, and counts for nothing if it changed meanwhile, so that a change under way is let
 * end. */
#pragma once

#include "http/service.h"

/* A group of files that go in force together. */
struct renewed {
    uint64_t (*look)(const struct service_config *config); /* their fingerprint */
    bool (*reload)(struct service *service, uint64_t fingerprint, bool tells);
    unsigned patience; /* so many looks find the same before it is told that it can't be used */

    uint64_t seen;     /* by the last look */
    uint64_t in_force; /* what was put in force as it is now; 0: something else is there */
    unsigned looks;    /* in a row that have found what is there now */
    bool is_told;      /* that it can't be used */
};

/* One look. */
void renewed_look(struct renewed *files, struct service *service);

enum { RENEWAL_GROUPS = 3 };

struct renewal {
    struct service *service;
    struct renewed groups[RENEWAL_GROUPS];
    size_t group_count;
};

/* Before the service reads the files for the first time. */
void renewal_init(struct renewal *renewal, struct service *service);

/* SIGHUP and SIGUSR1 must be blocked in all threads. Both must last as long as the process. */
bool renewal_start(struct renewal *renewal, struct error *err) MUST_CHECK;
