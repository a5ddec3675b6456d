/* policy_fuzz: whatever the text of a policy file, its mistakes are told at places that it has,
 * each once; and a set without a mistake can be decided by. */
#include "answer_check.h"
#include "base/cursor.h"
#include "policy/load.h"

enum { NOW = 1795251600, MOST_REPORT = 64 * 1024 * 1024 };

/* A pod that most rules have something to say about. */
static const char review_text[] =
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{"
    "\"uid\":\"1\",\"kind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"},"
    "\"resource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"},"
    "\"name\":\"p\",\"namespace\":\"research\",\"operation\":\"CREATE\","
    "\"userInfo\":{\"username\":\"alice\",\"groups\":[\"tenants\"]},"
    "\"object\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\","
    "\"namespace\":\"research\",\"labels\":{\"team\":\"nlp\"},\"ownerReferences\":[{"
    "\"apiVersion\":\"batch/v1\",\"kind\":\"Job\",\"name\":\"j\",\"uid\":\"7\","
    "\"controller\":true}]},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"nginx\","
    "\"resources\":{\"limits\":{\"cpu\":\"2\",\"memory\":\"1Gi\",\"nvidia.com/gpu\":\"2\","
    "\"nvidia.com/mig-1g.10gb\":\"1\"}}}]}},\"oldObject\":null,\"dryRun\":false}}";

static const char *folder;

static void remove_folder(void)
{
    rmdir(folder);
}

static void decide_by(struct policy_set *set, enum phase phase, struct arena *arena)
{
    struct ledger *ledger = ledger_new();
    struct snapshot_reader reader = {0};
    struct decide_input in = {.body = bytes_from(review_text),
                              .phase = phase,
                              .policies = set,
                              .now = NOW};
    struct answer out = {0};
    struct error err = {0};

    ledger_adopt(ledger, &set->tenancy);
    in.view = ledger_view(ledger, &reader);
    CHECK(answer(&in, ledger, arena, &out, &err) == ANSWER_WRITTEN);
    check_response(out.response, BYTES("1"));
    snapshot_reader_release(&reader);
    ledger_free(ledger);
}

static void check_problems(const struct problems *problems, struct bytes text)
{
    size_t errors = 0;
    struct cursor cursor;
    struct buf buf;

    cursor_init(&cursor, text);
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];

        errors += !problem->is_warning;
        CHECK(problem->line == 0 || cursor_to_place(&cursor, problem->line, problem->column));
        CHECK(problem->text[0] && !strpbrk(problem->text, "\r\n"));
        CHECK(i == 0 || problem->line >= problem[-1].line);
        CHECK(i == 0 || problem->line != problem[-1].line ||
              problem->column != problem[-1].column ||
              strcmp(problem->text, problem[-1].text) != 0);
    }
    CHECK(errors == problems->error_count);
    buf_init(&buf, problems->arena, MOST_REPORT);
    problems_write(problems, &buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct problems problems = {.arena = &arena};
    struct error err = {0};
    struct policy_set *set;
    const char *path;

    if (!folder) {
        folder = make_folder();
        atexit(remove_folder);
    }
    path = arena_printf(&arena, "%s/fuzz.yaml", folder);
    write_file(path, data, size);
    set = policy_set_load(folder, &problems, &err);
    CHECK(unlink(path) == 0);
    CHECK(set);
    check_problems(&problems, (struct bytes){(const char *)data, size});
    if (problems.error_count == 0) {
        decide_by(set, PHASE_MUTATE, &arena);
        decide_by(set, PHASE_VALIDATE, &arena);
    }
    policy_set_free(set);
    arena_release(&arena);
    return 0;
}
