/* ledger_inner: what a ledger is made of. For ledger.c and live.c only. */
#pragma once

#include "ledger/holdings.h"
#include "ledger/ledger.h"
#include "ledger/live.h"

struct shared_tenant;

/* One of the watches that the live view is made of. */
struct live_watch {
    atomic_llong contact; /* when it was last known to be up to date; milliseconds, monotonic; 0:
                             no list has come to its end yet */
    unsigned list; /* the number of the list that is being read, or was; and of the first one */
    unsigned first_list;    /* that shows all that decisions need by the tenancy */
    bool is_listing;        /* a list has begun and not come to its end, */
    int64_t began;          /* at this time */
    atomic_bool wants_list; /* it must be listed anew */
    atomic_bool is_asked;   /* of those that only rules ask for: one does */
    struct view *listing;   /* of the others: what the list that is being read has shown so far */
};

/* What is known of the TenantUsage objects: see shared_inner.h. */
struct shared {
    struct table tenants;
    TAILQ_HEAD(, shared_tenant) all;
    unsigned list; /* the number of the list that is being read, or was */
    bool is_listed;
};

struct ledger {
    struct snapshot_cell views;
    bool is_live; /* set before anything is decided, as are the times */
    struct live_times times;
    struct live_watch watches[LIVE_WATCHES];
    atomic_ullong expired; /* reservations that were void */
    pthread_mutex_t lock;
    struct holdings holdings; /* guarded by the lock; its view is the current one of `views` */
    struct shared shared;     /* guarded by the lock, */
    struct floors shown;      /* as is the newest that the watches of pods and claims have shown */
    pthread_cond_t progress;  /* and whoever waits for more of that */
};

struct view *ledger_new_view(void);
void ledger_free_view(void *view);

/* The object is so now, or, `is_gone`, there is none of its name; nothing happens where the view
 * says so already. The caller holds the lock. */
void ledger_change_object(struct ledger *ledger, enum view_kind kind,
                          const struct view_object *object, bool is_gone);

/* Of this kind there is what `listed` has, and nothing else; nothing happens where the view says so
 * already. The caller holds the lock. */
void ledger_change_kind(struct ledger *ledger, enum view_kind kind, const struct view *listed);

/* Another tenancy is about to be adopted. The caller holds the lock. */
void live_adopt(struct ledger *ledger, const struct tenancy *tenancy);

/* Are all but the pods listed and in contact? Without a live view: yes. */
bool live_has_view(const struct ledger *ledger);
