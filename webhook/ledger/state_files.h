/* state_files: what exists, as kubectl prints it: lists or single objects, JSON or YAML. */
#pragma once

#include "engine/view.h"
#include "ledger/held_pod.h"

struct state {
    struct arena arena; /* holds the pods */
    struct view view;   /* everything else */
    struct held_pod **pods;
    size_t pod_count; /* those that count, and claims of their own, in the order of the text */
};

/* Add what a text says to `state`, which begins zeroed. Pods that have ended are left out, and
 * kinds that no decision needs. Errors say where in the text; what came before stays. */
bool state_parse(struct bytes text, struct state *state, struct error *err) MUST_CHECK;

/* The same from a file of at most 1 GiB; "-" is standard input. Errors name the file. */
bool state_read(const char *path, struct state *state, struct error *err) MUST_CHECK;

void state_release(struct state *state);
