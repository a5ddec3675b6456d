/* findings: what the checks found. Every violation is kept; nothing stops at the first. */
#pragma once

#include "base/buf.h"
#include "tenancy/cluster.h"

enum {
    FINDINGS_TOLD = 64, /* violations that a message tells; then how many more there are */
    /* Of those that deny, and as many of the others: what only warns or is recorded never takes the
     * place of a denial, nor makes one. Beyond, those that deny are counted only. */
    FINDINGS_KEPT = 1024
};

/* The rule that is being judged, as every finding of it names it. */
struct rule {
    const char *name;        /* "gpu-baseline/images", "tenant/research/gpus.perPod" */
    const struct node *node; /* where it stands; NULL: nowhere in the set */
    enum enforcement enforcement;
    const char *next; /* what to do, from the policy's `message`; may be NULL */
};

struct finding {
    const struct rule *rule;
    const char *field;   /* path in the object, as the author wrote it: spec.containers[0].image */
    const char *text;    /* what is wrong, with figures; one line */
    const char *next;    /* what to do, where rule->next says nothing; may be NULL */
    const char *held_by; /* who has what is asked for; may be NULL */
    struct bytes value;  /* what is wrong, whole, where the text may show a part of it; or empty */
    bool is_inside;      /* of a pod template: the text names the object that holds it */
    bool was_there;      /* the old object has it too: told, but it doesn't deny */
};

struct exception;
struct facts;

struct findings {
    struct arena *arena;
    const char *help; /* where denials say that their reader finds more (help.h); NULL: nowhere */
    const struct facts *excepted; /* what is found of these may be lifted by exceptions; NULL: none
                                   * is asked */
    struct strings exceptions;    /* those that made a difference, */
    struct strings exception_warnings; /* and what is said of each */
    const struct exception *noted;     /* the last that made a difference; and how often one did */
    size_t note_count;
    struct finding *items;
    size_t count;
    size_t denying;          /* how many of them have a rule that denies */
    size_t dropped;          /* found of such a rule, but beyond FINDINGS_KEPT */
    const struct rule *rule; /* what findings_add speaks of */
    struct bytes value;      /* of the next finding alone, as is */
    const char *held_by;     /* this */
    bool is_inside;          /* what is found is of a pod template */
};

/* A violation of findings->rule, unless an exception lifts it. Text without final stop; every text
 * from outside goes through text_quote. */
void findings_add(struct findings *findings, const char *field, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The same with what to do next. */
void findings_add_next(struct findings *findings, const char *field, const char *next,
                       const char *format, ...) PRINTF_LIKE(4, 5);

/* Speak of another rule from now on. `name` is formatted into the arena: call it when there is
 * something to find. */
void findings_set_rule(struct findings *findings, const struct node *node,
                       enum enforcement enforcement, const char *format, ...) PRINTF_LIKE(4, 5);

/* The same rule, enforced otherwise. */
void findings_set_enforcement(struct findings *findings, enum enforcement enforcement);

/* Mark everything that was found since there were `count` findings and `dropped` ones beyond what
 * is kept: the old object is the same in all that rules read, so it has all of it, too. */
void findings_excuse_since(struct findings *findings, size_t count, size_t dropped);

/* Mark what `old` has too, with the same rule, field, words and value, of what was found since
 * there were `count` findings. */
void findings_excuse(struct findings *findings, size_t count, const struct findings *old);

/* Is no more kept of the rule? What is found is counted then, and nobody reads its words. */
bool findings_are_full(const struct findings *findings);
