/* state_files: what exists, as kubectl prints it: lists or single objects, JSON or YAML. */
#pragma once

#include "engine/view.h"
#include "ledger/held_pod.h"

/* Hears of objects of a cluster that can't be read, so that they don't count. `err` names each. */
struct state_unread {
    void (*tell)(void *context, const struct error *err);
    void *context;
};

struct state {
    /* NULL: what can't be read is an error. Otherwise all is read as the live view reads it: what
     * the API server keeps for others byte by byte is no fault either (cluster/api_object.h). */
    const struct state_unread *unread;
    struct arena arena; /* holds the pods */
    struct view view;   /* everything else */
    struct held_pod **pods;
    size_t pod_count; /* those that count, and claims of their own, in the order of the text */
};

/* Add what a text says to `state`, which begins zeroed but for `unread`. Pods that have ended are
 * left out, and kinds that no decision needs. Errors say where in the text; what came before stays.
 */
bool state_parse(struct bytes text, struct state *state, struct error *err) MUST_CHECK;

/* The same from a file of at most 1 GiB; "-" is standard input. Errors name the file. */
bool state_read(const char *path, struct state *state, struct error *err) MUST_CHECK;

void state_release(struct state *state);
