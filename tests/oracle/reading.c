/* reading: how fairgate reads what Kubernetes has a reading of, too, for the oracle.
 *
 *   reading KIND [POLICIES]
 *
 * Reads a JSON value a line, answers each with a line of JSON; null is what it refuses to read. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/judge.h"
#include "kube/image_ref.h"
#include "kube/node_affinity.h"
#include "kube/quantity.h"
#include "kube/selector.h"
#include "policy/load.h"

enum { ANSWER_MAX = 64 * 1024 * 1024, NOW = 1795251600 };

/* "NUM/DEN" */
static void add_amount(struct buf *out, struct amount amount)
{
    buf_printf(out, "\"%lld/%lld\"", (long long)amount.num,
               (long long)(amount.den ? amount.den : 1));
}

static void add_member(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, ",\"%s\":", name);
    buf_add_json(out, bytes_from(text));
}

/* [QUANTITY, QUANTITY] */
static void read_quantities(struct value input, struct arena *arena, struct buf *out)
{
    struct value first = value_first(input);
    struct amount a = {0}, b = {0}, sum;
    struct error err = {0};
    bool has_a = quantity_read(first, arena, &a, &err);
    bool has_b = quantity_read(value_next(first), arena, &b, &err);

    buf_add_text(out, "{\"a\":");
    if (has_a)
        add_amount(out, a);
    else
        buf_add_text(out, "null");
    buf_add_text(out, ",\"b\":");
    if (has_b)
        add_amount(out, b);
    else
        buf_add_text(out, "null");
    if (has_a && has_b) {
        buf_printf(out, ",\"order\":%d", amount_compare(a, b));
        if (amount_add(a, b, &sum)) {
            buf_add_text(out, ",\"sum\":");
            add_amount(out, sum);
        }
    }
    if (has_a) {
        add_member(out, "cpu", quantity_write(a, BYTES("cpu"), arena));
        add_member(out, "memory", quantity_write(a, BYTES("requests.memory"), arena));
    }
    buf_add_char(out, '}');
}

/* A pod: its effective request. */
static void read_request(struct value input, struct arena *arena, struct buf *out)
{
    struct error err = {0};
    struct pod pod;

    if (!pod_parse(input, arena, &pod, &err)) {
        buf_add_text(out, "null");
        return;
    }
    for (size_t i = 0; i < pod.requests.count; i++) {
        buf_add_char(out, i ? ',' : '{');
        buf_add_json(out, pod.requests.items[i].name);
        buf_add_char(out, ':');
        add_amount(out, pod.requests.items[i].amount);
    }
    buf_add_text(out, pod.requests.count ? "}" : "{}");
}

/* [SELECTOR, LABELS, LABELS...]: whether it matches each. */
static void read_selector(struct value input, struct arena *arena, struct buf *out)
{
    struct value first = value_first(input);
    const struct source source = {"selector", value_raw(first)};
    struct problems problems = {.arena = arena};
    struct selector selector = {0};
    struct nodes nodes;

    node_parse(&source, arena, &nodes, &problems);
    if (problems.error_count || nodes.count != 1 ||
        !schema_read(&selector_schema, nodes.items[0], arena, &selector, &problems)) {
        buf_add_text(out, "null");
        return;
    }
    buf_add_char(out, '[');
    for (struct value labels = value_next(first); value_type(labels); labels = value_next(labels))
        buf_printf(out, "%s%s", buf_bytes(out).data[out->len - 1] == '[' ? "" : ",",
                   selector_matches(&selector, labels) ? "true" : "false");
    buf_add_char(out, ']');
}

/* {"pod": POD, "label": KEY, "allowed": [VALUE...]}: where the pod may land. */
static void read_affinity(struct value input, struct arena *arena, struct buf *out)
{
    struct value list = value_member(input, "allowed");
    struct confinement confinement;
    struct strings allowed = {0};
    struct error err = {0};
    struct pod pod;

    for (struct value v = value_first(list); value_type(v); v = value_next(v))
        strings_add(&allowed, arena, arena_copy(arena, value_text(v)));
    if (!pod_parse(value_member(input, "pod"), arena, &pod, &err)) {
        buf_add_text(out, "null");
        return;
    }
    node_affinity_confine(&pod, value_text(value_member(input, "label")), &allowed, &confinement);
    buf_printf(out, "{\"outside\":%s,\"inside\":%s}", confinement.may_be_outside ? "true" : "false",
               confinement.may_be_inside ? "true" : "false");
}

static struct judge judge;

static bool judge_phase(struct bytes body, enum judge_phase phase, struct arena *arena,
                        struct judgement *out)
{
    struct error err = {0};

    judge.phase = phase;
    return judge_review(&judge, body, arena, out, &err);
}

/* A review: what /mutate answers, and the object that is judged then. */
static void read_review(struct value input, struct arena *arena, struct buf *out)
{
    struct judgement mutated = {0}, judged = {0};

    if (!judge_phase(value_raw(input), JUDGE_MUTATE, arena, &mutated) ||
        !judge_phase(value_raw(input), JUDGE_BOTH, arena, &judged)) {
        buf_add_text(out, "null");
        return;
    }
    buf_add_text(out, "{\"mutated\":");
    buf_add(out, mutated.answer.response);
    buf_add_text(out, ",\"judged\":");
    buf_add(out, judged.object);
    buf_printf(out, ",\"allowed\":%s}",
               judged.answer.decision.verdict.is_allowed ? "true" : "false");
}

/* "IMAGE" */
static void read_image(struct value input, struct arena *arena, struct buf *out)
{
    struct image_ref ref;
    struct error err = {0};

    if (!image_ref_parse(value_text(input), arena, &ref, &err)) {
        buf_add_text(out, "null");
        return;
    }
    buf_add_text(out, "{\"name\":");
    buf_add_json(out, bytes_from(ref.name));
    add_member(out, "host", ref.host);
    add_member(out, "path", ref.path);
    add_member(out, "tag", ref.tag);
    add_member(out, "digest", ref.digest);
    buf_add_char(out, '}');
}

static const struct reading {
    const char *name;
    void (*read)(struct value input, struct arena *arena, struct buf *out);
} readings[] = {
    {"quantities", read_quantities}, {"requests", read_request}, {"selectors", read_selector},
    {"affinity", read_affinity},     {"images", read_image},     {"patches", read_review},
};

static const struct reading *find_reading(const char *name)
{
    for (size_t i = 0; i < sizeof(readings) / sizeof(*readings); i++) {
        if (!strcmp(readings[i].name, name))
            return &readings[i];
    }
    return NULL;
}

static void answer_line(const struct reading *reading, struct bytes line, struct arena *arena)
{
    struct document document;
    struct buf out;

    document_parse(line, 256, arena, &document);
    buf_init(&out, arena, ANSWER_MAX);
    if (document_is_sound(&document))
        reading->read(document_root(&document), arena, &out);
    else
        buf_add_text(&out, "null");
    buf_add_char(&out, '\n');
    fwrite(out.data, 1, out.len, stdout);
}

static void answer_lines(const struct reading *reading)
{
    struct arena arena = {0};
    char *line = NULL;
    size_t room = 0;
    ssize_t len;

    while ((len = getline(&line, &room, stdin)) > 0) {
        answer_line(reading, (struct bytes){line, (size_t)len}, &arena);
        arena_reset(&arena);
    }
    free(line);
    arena_release(&arena);
}

static struct policy_set *load(const char *folder)
{
    struct arena arena = {0};
    struct problems problems = {.arena = &arena};
    struct error err = {0};
    struct policy_set *set = policy_set_load(folder, &problems, &err);

    if (!set || problems.error_count) {
        fprintf(stderr, "reading: %s: %s\n", folder,
                set ? "fairgate check tells its mistakes" : err.text);
        exit(2);
    }
    arena_release(&arena);
    return set;
}

int main(int argc, char **argv)
{
    const struct reading *reading = argc > 1 ? find_reading(argv[1]) : NULL;
    struct ledger *ledger = ledger_new();
    struct policy_set *set = NULL;

    if (!reading || (argc < 3 && reading->read == read_review)) {
        fprintf(stderr, "usage: reading KIND [POLICIES]\n");
        return 2;
    }
    if (argc > 2) {
        set = load(argv[2]);
        judge_init(&judge, set, ledger, NOW, JUDGE_BOTH);
    }
    answer_lines(reading);
    judge_release(&judge);
    ledger_free(ledger);
    policy_set_free(set);
    return 0;
}
