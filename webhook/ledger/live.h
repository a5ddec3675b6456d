/* live: the view as a cluster's API server shows it, in lists and watches; and what is reserved
 * until it shows as much.
 *
 * Usage is the union, by uid, of what is seen and what is reserved (shared.h), with the larger
 * amount. Only the view releases: a pod's end, its DELETED event, or a list without it. A
 * reservation whose pod never came is void once no create of it can be under way any more, and a
 * consistent read that was sent after that time shows no such pod. */
#pragma once

#include "ledger/ledger.h"

/* What is watched; the first ones are those of enum view_kind. */
enum live_kind {
    LIVE_NAMESPACES = VIEW_NAMESPACES,
    LIVE_NODES = VIEW_NODES,
    LIVE_CLASSES = VIEW_CLASSES,
    LIVE_DEVICE_CLASSES = VIEW_DEVICE_CLASSES,
    LIVE_CLAIM_TEMPLATES = VIEW_CLAIM_TEMPLATES,
    LIVE_CLAIMS = VIEW_CLAIMS,
    LIVE_NETWORK_POLICIES = VIEW_NETWORK_POLICIES,
    LIVE_RESOURCE_QUOTAS = VIEW_RESOURCE_QUOTAS,
    LIVE_LIMIT_RANGES = VIEW_LIMIT_RANGES,
    LIVE_PODS = VIEW_KINDS,
    LIVE_WATCHES,
};

/* Their resources: "pods". */
extern const char *const live_names[];

/* In milliseconds. */
struct live_times {
    int64_t max_age;     /* so old a view is not relied on */
    int64_t max_request; /* the longest that a create takes: kube-apiserver works on one for 34 s in
                            its handlers; with slack */
};

/* From now on the view comes from watches, and what is let in is reserved. Decisions that need the
 * view are refused (usage is not known) until all have been listed, and when one was out of contact
 * for too long. Called before any decision. */
void live_start(struct ledger *ledger, const struct live_times *times);

/* What a list shows, from begin to end; what it doesn't show is gone then. False: the object can't
 * be read, and the rest goes on without it. A list that is never ended changes nothing for good. */
void live_list_begin(struct ledger *ledger, enum live_kind kind);
bool live_list_item(struct ledger *ledger, enum live_kind kind, struct value object,
                    struct error *err) MUST_CHECK;
void live_list_end(struct ledger *ledger, enum live_kind kind);

/* An event: the object is so now, or is gone. */
bool live_event(struct ledger *ledger, enum live_kind kind, bool is_gone, struct value object,
                struct error *err) MUST_CHECK;

/* All that happened up to this resourceVersion has been shown: after each event, bookmark and list,
 * of any kind. */
void live_progress(struct ledger *ledger, enum live_kind kind, struct bytes resource_version);

/* A read showed an object, of any kind but pods: it is in the view. What it holds counts when its
 * watch shows it. */
bool live_show(struct ledger *ledger, enum live_kind kind, struct value object,
               struct error *err) MUST_CHECK;

/* Is it to be watched? Some only where a rule of the policy set asks for them. */
bool live_is_asked(const struct ledger *ledger, enum live_kind kind);

/* Which of those that rules ask for aren't listed yet, or were out of contact for too long: a bit
 * for each. */
unsigned live_lacking(const struct ledger *ledger);

/* Must it be listed anew, because a new policy set needs what was not kept? Decisions that need it
 * are refused until then. Says so once. */
bool live_wants_list(struct ledger *ledger, enum live_kind kind);

/* The watch proved that it is up to date, at this time of the monotonic clock, in milliseconds. For
 * any thread. */
void live_contact(struct ledger *ledger, enum live_kind kind, int64_t when);

/* How long that was ago, in milliseconds; -1: it isn't listed yet. */
int64_t live_age(const struct ledger *ledger, enum live_kind kind);

/* Why decisions can't rely on what is seen: what isn't listed yet or was out of contact for too
 * long. NULL: they can, or the view is no live one. Lives in `arena`. */
const char *live_problem(const struct ledger *ledger, struct arena *arena);

/* A reservation that is older than any create can be, to be looked up by name with a consistent
 * read (no resourceVersion). */
struct live_due {
    struct bytes namespace, name, uid;
    uint64_t number;
    enum live_kind kind; /* LIVE_PODS or LIVE_CLAIMS */
    unsigned list;       /* the number of its last list: see live_resolve */
};

/* The oldest one that is due and came to be known after the one of number `after` (0: the oldest of
 * all); false: none is, or what could be is being listed. */
bool live_next_due(struct ledger *ledger, uint64_t after, struct arena *arena,
                   struct live_due *out);

/* What the read showed: the object of that name, or an absent value where there is none. False: the
 * object can't be read, and the reservation stays. It stays as well, to be looked up again, where a
 * list of its kind began meanwhile: such a list may be younger than the read. */
bool live_resolve(struct ledger *ledger, const struct live_due *due, struct value object,
                  struct error *err) MUST_CHECK;

/* Reservations by age, each counted once: those of at most live_ages[i] seconds, and of more than
 * that before. The last bound is above all. */
enum { LIVE_AGES = 6 };
extern const int64_t live_ages[LIVE_AGES];
void live_count_ages(struct ledger *ledger, size_t counts[LIVE_AGES]);

/* How many reservations were void because their pod never came. */
unsigned long long live_expired(const struct ledger *ledger);
