/* check: what a check provides. Each is one file in checks/, and one row in checks/checks.c. */
#pragma once

#include "engine/facts.h"
#include "engine/findings.h"
#include "engine/usage.h"

/* A check that policies set: the key of a rule, with settings. */
struct check_kind {
    const char *name; /* the rule's key: "images" */
    const char *summary;
    unsigned evaluations;          /* the requests it judges: enum evaluation */
    const struct schema *settings; /* a map; NULL: `list` */
    const struct field *list;      /* the one thing that is set, in place of a map; without name */
    void (*check)(const void *settings, const struct facts *facts, struct findings *findings);
    /* Which of the kinds that a live view may lack it asks for: a bit for each enum view_kind.
     * NULL: none. */
    unsigned (*views)(const void *settings);
};

/* A check that tenancy sets: always on, wherever it has something to say. */
struct tenancy_check {
    const char *name;
    const char *summary;
    unsigned evaluations;
    void (*check)(const struct facts *facts, struct findings *findings);
    /* What depends on what the tenant holds; may be NULL. Called with the ledger's lock held. */
    void (*judge)(const struct facts *facts, const struct usage *usage, struct findings *findings);
};

/* The names of rules that no policy writes. Each makes findings_add speak of that rule. */
void rule_of_tenant(struct findings *findings, const struct facts *facts, const char *field);
void rule_of_ladder(struct findings *findings, const struct facts *facts, const char *what,
                    const struct node *node);
void rule_of_cluster(struct findings *findings, const struct facts *facts, const char *what);

/* "metadata.labels.team" or "metadata.labels[\"a/b\"]", with the facts' prefix. */
const char *facts_key_field(const struct facts *facts, const char *map, const char *key);

/* Is the pod's class one that may run above the tenant's guarantee? */
bool facts_has_burst_class(const struct facts *facts);

/* Would another class take a pod that holds GPUs from the guarantee to burst, or back, or to or
 * from a reservation for some classes? It is judged anew then, as a create would be. */
bool facts_changes_share(const struct facts *facts);

/* Does the request need to know what its tenant holds? No lock is taken for one that doesn't. */
bool facts_need_usage(const struct facts *facts);

/* Does the object ask for no more than the old one did, of each mode and each capped resource? Both
 * are the same tenant's. */
bool facts_ask_no_more(const struct facts *facts, const struct facts *old);

/* Does the container itself ask for an accelerator, by a resource or a claim? `if_unknown`: what a
 * claim is taken for that is not in view. */
bool facts_container_asks(const struct facts *facts, const struct container *container,
                          bool if_unknown);

/* Does an annotation of the pod ask for a share of a GPU for this container, or, as of annotations
 * that only a row of the policy set knows, for nobody knows which? */
bool facts_container_shares(const struct facts *facts, const struct container *container);

/* Does KAI give it what the pod's own annotations ask for? It is the one named, else the first. */
bool facts_is_kais_container(const struct facts *facts, const struct container *container);
