#include "engine/trace.h"

#include "engine/facts.h"

struct trace *trace_of(const struct facts *facts, enum trace_kind kind)
{
    struct trace *trace = facts->world->trace;

    return trace && !facts->is_old && trace->kinds & 1U << kind ? trace : NULL;
}

void trace_let_through(struct trace *trace, const char *why)
{
    if (trace)
        trace->let_through = why;
}

struct trace_entry *trace_open(struct trace *trace, const struct facts *facts, enum trace_kind kind,
                               const struct findings *findings)
{
    struct trace_list *list = &trace->lists[kind];
    struct trace_entry *entry = ARENA_APPEND(trace->arena, list->items, list->count);

    *entry = (struct trace_entry){.prefix = facts->prefix,
                                  .first = findings ? findings->count : 0,
                                  .dropped = findings ? findings->dropped : 0,
                                  .noted = findings ? findings->note_count : 0};
    return entry;
}

void trace_close(struct trace_entry *entry, const struct findings *findings)
{
    entry->count = findings->count - entry->first;
    entry->dropped = findings->dropped - entry->dropped;
    entry->noted = findings->note_count - entry->noted;
    entry->exception = entry->noted ? findings->noted : NULL;
}
