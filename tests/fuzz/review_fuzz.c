/* review_fuzz: whatever the bytes of a review, it is answered or it was none; the answer is a whole
 * one, to its uid; what is changed can be changed, once. What the audit log tells of it is a line
 * of JSON, from which it is judged alike. */
#include "answer_check.h"
#include "cli/judge.h"
#include "http/audit_line.h"
#include "policy/load.h"

enum { NOW = 1795251600, LINE_MAX_BYTES = 512 * 1024 };

#define HEAD "apiVersion: fairgate.dev/v1alpha1\nkind: "

static const char set_text[] =
    HEAD "Cluster\n"
         "metadata: {name: c}\n"
         "spec:\n"
         "  accelerators:\n"
         "    - {annotation: gpu-memory, mode: shared, gpus: value, per: 80Gi}\n"
         "    - {resource: nvidia.com/mig-4g.24gb, mode: mig, gpus: 1, product: \"NVIDIA-A30*\"}\n"
         "  fabric: {domains: [a, b], atBind: warn}\n"
         "---\n" HEAD "PriorityLadder\n"
         "metadata: {name: l}\n"
         "spec:\n"
         "  tiers:\n"
         "    - {name: P0, class: p0-training, value: 400000, preempts: [p2-batch]}\n"
         "    - {name: P2, class: p2-batch, value: 200000, preempts: []}\n"
         "---\n" HEAD "Tenant\n"
         "metadata: {name: research}\n"
         "spec:\n"
         "  owner: {team: Research, costCenter: CC-1}\n"
         "  namespaces: [research, \"research-*\"]\n"
         "  gpus: {guaranteed: 4, burst: 6, perPod: 2}\n"
         "  resources: {cpu: 64, \"nvidia.com/mig-*\": 3}\n"
         "  sharing: {modes: [whole, mig], exclusive: namespace}\n"
         "  priority: {allowed: [p0-training, p2-batch], default: p2-batch, burst: [p2-batch]}\n"
         "  fabric: {domains: [a], span: one}\n"
         "---\n" HEAD "Tenant\n"
         "metadata: {name: serving}\n"
         "spec: {namespaces: [serving], gpus: {guaranteed: 1/2}}\n"
         "---\n" HEAD "Policy\n"
         "metadata: {name: p}\n"
         "spec:\n"
         "  rules:\n"
         "    - {id: labels, labels: {required: {team: \"[a-z]+\"}, forbidden: [debug]}}\n"
         "    - {id: notes, enforce: warn, annotations: {required: {purpose: \".+\"}}}\n"
         "    - {id: images, images: {allow: [\"registry.example.com/**\"], tags: {deny: "
         "[latest]}}}\n"
         "    - {id: limits, resources: {requireLimits: [memory], max: {memory: 512Gi}}}\n"
         "    - {id: scheduler, enforce: audit, scheduler: {allow: [kai-scheduler]}}\n"
         "  mutate:\n"
         "    - id: defaults\n"
         "      set:\n"
         "        labels: {cost-center: \"{tenant.costCenter}\", \"a/b\": x}\n"
         "        tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]\n"
         "        nodeSelector: {pool: gpu}\n"
         "        hideUnrequestedGpus: true\n"
         "---\n" HEAD "Policy\n"
         "metadata: {name: n}\n"
         "spec:\n"
         "  match: {kinds: [Namespace]}\n"
         "  rules: [{id: owner, labels: {required: {owner: \"[a-z]+\"}}}]\n";

static struct policy_set *set;

static struct policy_set *load_set(void)
{
    const char *folder = make_folder();
    struct arena arena = {0};
    struct problems problems = {.arena = &arena};
    struct error err = {0};
    const char *path = arena_printf(&arena, "%s/set.yaml", folder);
    struct policy_set *loaded;

    write_file(path, set_text, sizeof(set_text) - 1);
    loaded = policy_set_load(folder, &problems, &err);
    CHECK(unlink(path) == 0 && rmdir(folder) == 0);
    CHECK(loaded && problems.error_count == 0);
    arena_release(&arena);
    return loaded;
}

/* The uid as jansson reads it, where it can read the review; an escape may say the rest. */
static void check_uid(struct bytes body, struct bytes uid)
{
    json_t *root = json_loadb(body.data, body.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    const json_t *wanted = json_object_get(json_object_get(root, "request"), "uid");

    CHECK(uid.len > 0);
    if (root)
        CHECK(bytes_equal(uid,
                          (struct bytes){json_string_value(wanted), json_string_length(wanted)}));
    else
        CHECK(memchr(body.data, '\\', body.len) || memmem(body.data, body.len, uid.data, uid.len));
    json_decref(root);
}

/* One phase; what is let in is written down. */
static struct bytes ask(struct bytes body, enum phase phase, struct ledger *ledger,
                        struct arena *arena)
{
    struct snapshot_reader reader = {0};
    struct decide_input in = {.body = body,
                              .phase = phase,
                              .policies = set,
                              .view = ledger_view(ledger, &reader),
                              .now = NOW};
    struct answer out = {0};
    struct bytes changed;
    struct error err = {0};
    enum answer_result result = answer(&in, ledger, arena, &out, &err);

    CHECK(result == ANSWER_WRITTEN || result == ANSWER_NO_REVIEW);
    if (result == ANSWER_WRITTEN) {
        const struct decision *decision = &out.decision;

        check_uid(body, decision->review.uid);
        check_response(out.response, decision->review.uid);
        CHECK(phase == PHASE_MUTATE || decision->patch.count == 0);
        CHECK(decision->patch.count == 0 ||
              patch_apply(&decision->patch, decision->review.object, arena, &changed, &err));
    } else {
        CHECK(err.text[0] && !strchr(err.text, '\n'));
    }
    snapshot_reader_release(&reader);
    return out.response;
}

static struct value parse_line(struct bytes line, struct arena *arena)
{
    struct document *document = arena_alloc(arena, sizeof(*document));

    CHECK(line.len > 0 && line.data[line.len - 1] == '\n');
    line.len--;
    for (size_t at = 0, len; at < line.len; at += len) {
        len = text_character(line, at);
        CHECK(len > 0 && !text_is_control(line.data + at, len));
    }
    document_parse(line, REVIEW_MAX_DEPTH + 1, arena, document);
    CHECK(document_is_sound(document));
    return document_root(document);
}

/* Without secrets it is judged as with them. */
static void check_kept(struct judge *judge, struct bytes kept, bool is_allowed, struct arena *arena)
{
    struct judgement judgement = {0};
    struct error err = {0};

    CHECK(judge_review(judge, kept, arena, &judgement, &err));
    CHECK(judgement.answer.decision.verdict.is_allowed == is_allowed);
}

static void check_line(struct judge *judge, const struct decision *decision, struct arena *arena)
{
    const struct audit_times times = {.when = {.tv_sec = NOW}};
    struct value kept;
    struct buf buf;

    buf_init(&buf, arena, LINE_MAX_BYTES);
    audit_line_write(decision, &times, true, &buf);
    kept = value_member_named(parse_line(buf_bytes(&buf), arena), BYTES("review"));
    if (value_type(kept))
        check_kept(judge, value_raw(kept), decision->verdict.is_allowed, arena);
}

static void check_log(struct bytes body, enum judge_phase phase, struct ledger *ledger,
                      struct arena *arena)
{
    struct judgement judgement = {0};
    struct judge judge;
    struct error err = {0};

    judge_init(&judge, set, ledger, NOW, phase);
    if (judge_review(&judge, body, arena, &judgement, &err))
        check_line(&judge, &judgement.answer.decision, arena);
    judge_release(&judge);
}

/* What /mutate made needs no mutation; and offline nobody answers otherwise than the server. */
static void check_judge(struct bytes body, struct bytes mutated, struct ledger *ledger,
                        struct arena *arena)
{
    struct judgement judgement = {0};
    struct judge judge;
    struct error err = {0};

    judge_init(&judge, set, ledger, NOW, JUDGE_MUTATE);
    CHECK(judge_review(&judge, body, arena, &judgement, &err) == (mutated.len > 0));
    CHECK(bytes_equal(judgement.answer.response, mutated));
    judge.phase = JUDGE_BOTH;
    CHECK(judge_review(&judge, body, arena, &judgement, &err) == (mutated.len > 0));
    if (mutated.len)
        check_response(judgement.answer.response, judgement.answer.decision.review.uid);
    judge_release(&judge);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A copy of its own, so that reading past the end is seen. */
    char *copy = malloc(size ? size : 1);
    struct bytes body = {copy, size}, mutated, first, second;
    struct ledger *ledger = ledger_new();
    struct arena arena = {0};

    if (!set)
        set = load_set();
    CHECK(copy);
    if (size)
        memcpy(copy, data, size);
    ledger_adopt(ledger, &set->tenancy);
    mutated = ask(body, PHASE_MUTATE, ledger, &arena);
    check_judge(body, mutated, ledger, &arena);
    check_log(body, JUDGE_MUTATE, ledger, &arena);
    check_log(body, JUDGE_VALIDATE, ledger, &arena);
    first = ask(body, PHASE_VALIDATE, ledger, &arena);
    second = ask(body, PHASE_VALIDATE, ledger, &arena);
    /* The same request once more: it is let in again, and reserves nothing twice. */
    CHECK(bytes_equal(first, second));
    arena_release(&arena);
    ledger_free(ledger);
    free(copy);
    return 0;
}
