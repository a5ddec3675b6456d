/* trace: what a decision did with every rule, and why, for whoever asks. The decision writes it
 * down as it goes, so that nothing has to be found out again. On the request path nobody asks. */
#pragma once

#include "engine/findings.h"

struct facts;

enum trace_kind { TRACE_MUTATION, TRACE_TENANCY, TRACE_RULE, TRACE_KINDS };

struct trace_entry {
    const char *prefix;      /* of the template that it is about; "" for the object itself */
    const char *name;        /* "gpu-baseline/images"; of what tenancy asks for "caps" */
    const struct node *node; /* where it stands; NULL: nowhere in the set */
    const char *unmet;       /* why it does not apply; NULL: it does */
    struct strings paths;    /* TRACE_MUTATION: what was set */
    size_t first, count;     /* its findings, among the decision's */
    size_t dropped;          /* and those that are not kept */
    size_t noted;            /* how often an exception made a difference, */
    const struct exception *exception; /* the last one that did; NULL: none */
};

struct trace {
    struct arena *arena; /* set by the owner */
    unsigned kinds;      /* likewise: what is asked about, a bit for each enum trace_kind */
    /* In the order in which they were asked; what tenancy asks with usage in sight has an entry of
     * its own, further on. */
    struct trace_list {
        struct trace_entry *items;
        size_t count;
    } lists[TRACE_KINDS];
    const char *let_through; /* why nothing was asked; NULL: it was */
};

/* Who asks about this kind of thing and the object; NULL: nobody, or it is what was there before.
 */
struct trace *trace_of(const struct facts *facts, enum trace_kind kind);

/* `trace` NULL: nobody asks. */
void trace_let_through(struct trace *trace, const char *why);

/* A new entry about the object, to be filled in by the caller at once. What is found from now on
 * belongs to it, until trace_close. */
struct trace_entry *trace_open(struct trace *trace, const struct facts *facts, enum trace_kind kind,
                               const struct findings *findings);
void trace_close(struct trace_entry *entry, const struct findings *findings);
