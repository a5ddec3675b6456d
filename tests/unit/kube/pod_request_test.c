#include "base/buf.h"
#include "kube/pod.h"
#include "unit/random.h"
#include "unit/arena.h"

static bool parse(const char *json, struct pod *pod, struct error *err)
{
    *err = (struct error){0};
    return pod_parse(parse_json(json), &arena, pod, err);
}

/* "cpu=1/2 memory=4", in order of appearance. */
static const char *write_amounts(const struct resource_amounts *amounts)
{
    struct buf buf;

    buf_init(&buf, &arena, 65536);
    for (size_t i = 0; i < amounts->count; i++)
        buf_printf(&buf, "%s%s=%s", i ? " " : "", text_quote(&arena, amounts->items[i].name),
                   amount_write(amounts->items[i].amount, &arena));
    return buf.data ? buf.data : "";
}

#define REQUESTS(amounts) "\"resources\":{\"requests\":{" amounts "}}"
#define LIMITS(amounts) "\"resources\":{\"limits\":{" amounts "}}"
#define SIDECAR "\"restartPolicy\":\"Always\","

#define NAMED(name) "{\"name\":\"" name "\","
#define CONTAINERS_OF_ONE_CPU "\"containers\":[" NAMED("a") REQUESTS("\"cpu\":1") "}]},"

/* The status stands behind the spec. */
#define STATUS(own, containers) "\"status\":{" own "\"containerStatuses\":[" containers "]"
#define GIVEN(name, actuated, allocated)                                                           \
    NAMED(name)                                                                                    \
    REQUESTS(actuated) ",\"allocatedResources\":{" allocated "}}"

static const struct {
    const char *spec, *requests;
} request_rows[] = {
    {"\"containers\":[{" REQUESTS("\"cpu\":\"500m\"") "},{" REQUESTS("\"cpu\":2") "}]",
     "cpu=2 1/2"},
    {"\"containers\":[{" LIMITS("\"nvidia.com/gpu\":\"2\"") "}]", "nvidia.com/gpu=2"},
    {"\"containers\":[{\"resources\":{\"limits\":{\"cpu\":4,\"memory\":8},"
     "\"requests\":{\"cpu\":1}}}]",
     "cpu=1 memory=8"},
    /* An init step counts where it is larger, for each resource by itself. */
    {"\"initContainers\":[{" REQUESTS("\"a/x\":3,\"a/y\":1") "}],"
                                                             "\"containers\":[{" REQUESTS(
                                                                 "\"a/x\":1,\"a/y\":2") "}]",
     "a/x=3 a/y=2"},
    {"\"initContainers\":[{" REQUESTS("\"a/x\":3") "},{" REQUESTS("\"a/x\":2") "}],"
                                                                               "\"containers\":[]",
     "a/x=3"},
    /* A sidecar runs beside the main containers and beside later init steps. */
    {"\"initContainers\":[{" SIDECAR REQUESTS("\"a/x\":1") "}],"
                                                           "\"containers\":[{" REQUESTS(
                                                               "\"a/x\":4") "}]",
     "a/x=5"},
    {"\"initContainers\":[{" SIDECAR REQUESTS("\"a/x\":1") "},{" REQUESTS(
         "\"a/x\":6") "}],"
                      "\"containers\":[{" REQUESTS("\"a/x\":4") "}]",
     "a/x=7"},
    {"\"initContainers\":[{" REQUESTS("\"a/x\":6") "},{" SIDECAR REQUESTS(
         "\"a/x\":1") "}],"
                      "\"containers\":[{" REQUESTS("\"a/x\":4") "}]",
     "a/x=6"},
    {"\"initContainers\":[{" SIDECAR REQUESTS("\"a/x\":1") "},{" REQUESTS("\"a/x\":6") "},{" SIDECAR
         REQUESTS("\"a/x\":2") "},{" REQUESTS("\"a/x\":5") "}],"
                                                           "\"containers\":[{" REQUESTS(
                                                               "\"a/x\":4") "}]",
     "a/x=8"},
    {"\"ephemeralContainers\":[{" REQUESTS("\"a/x\":6") "}],"
                                                        "\"containers\":[{" REQUESTS(
                                                            "\"a/x\":4") "}]",
     "a/x=4"},
    {"\"overhead\":{\"cpu\":\"250m\",\"memory\":5},"
     "\"containers\":[{" REQUESTS("\"cpu\":1") "}]",
     "cpu=1 1/4 memory=5"},
    /* Pod-level resources: cpu, memory and hugepages only. */
    {"\"resources\":{\"requests\":{\"cpu\":1,\"hugepages-2Mi\":3}},"
     "\"containers\":[{" REQUESTS("\"cpu\":2,\"hugepages-2Mi\":4") "}]",
     "cpu=1 hugepages-2Mi=3"},
    {"\"resources\":{\"requests\":{\"nvidia.com/gpu\":1}},"
     "\"containers\":[{" REQUESTS("\"nvidia.com/gpu\":2") "}]",
     "nvidia.com/gpu=2"},
    {"\"resources\":{\"limits\":{\"cpu\":9,\"memory\":7}},"
     "\"containers\":[{" REQUESTS("\"cpu\":2") "}]",
     "cpu=2 memory=7"},
    {"\"resources\":{\"requests\":{\"cpu\":3}},\"overhead\":{\"cpu\":1},"
     "\"initContainers\":[{" REQUESTS("\"cpu\":9") "}],\"containers\":[{}]",
     "cpu=4"},
    {"\"containers\":[{" REQUESTS("\"nvidia.com/gpu\":0") "}]", "nvidia.com/gpu=0"},
    /* Of hugepages the pod's own limit goes before the containers' requests. */
    {"\"resources\":{\"limits\":{\"hugepages-2Mi\":9}},"
     "\"containers\":[{" REQUESTS("\"hugepages-2Mi\":4") "}]",
     "hugepages-2Mi=9"},
    {"\"resources\":{\"limits\":{\"hugepages-2Mi\":9},\"requests\":{\"hugepages-2Mi\":5}},"
     "\"containers\":[{" REQUESTS("\"hugepages-2Mi\":4") "}]",
     "hugepages-2Mi=5"},
    /* While it is resized, a container counts for what it was given where that is more. */
    {"\"containers\":[" NAMED("a")
         REQUESTS("\"cpu\":1,\"memory\":3") "}]}," STATUS("", GIVEN("a", "\"cpu\":4,\"memory\":2",
                                                                    "\"cpu\":5,\"a/x\":1")),
     "cpu=5 memory=3 a/x=1"},
    {"\"initContainers\":[" NAMED("s") SIDECAR REQUESTS("\"cpu\":1") "}," NAMED("i")
         REQUESTS("\"cpu\":2") "}]," CONTAINERS_OF_ONE_CPU STATUS(
             "", GIVEN("s", "\"cpu\":4", "") "," GIVEN("i", "\"cpu\":9", "")),
     "cpu=6"},
    {"" CONTAINERS_OF_ONE_CPU STATUS("", GIVEN("gone", "\"cpu\":4", "")), "cpu=1"},
    {"" CONTAINERS_OF_ONE_CPU STATUS("", "{\"name\":\"a\",\"allocatedResources\":{\"cpu\":4}}"),
     "cpu=1"},
    {"\"resources\":{\"requests\":{\"cpu\":2,\"memory\":7}}," CONTAINERS_OF_ONE_CPU STATUS(
         "\"resources\":{\"requests\":{\"cpu\":3,\"memory\":1}},"
         "\"allocatedResources\":{\"cpu\":4,\"hugepages-2Mi\":1},",
         ""),
     "cpu=4 memory=7"},
    {"\"resources\":{\"requests\":{\"cpu\":2}}," CONTAINERS_OF_ONE_CPU STATUS(
         "\"allocatedResources\":{\"cpu\":4},", ""),
     "cpu=2"},
};

static void the_effective_request_is_kubernetes_own(void **state)
{
    for (size_t i = 0; i < COUNT(request_rows); i++) {
        struct pod pod;
        struct error err;

        assert_true(
            parse(arena_printf(&arena, "{\"spec\":{%s}}", request_rows[i].spec), &pod, &err));
        assert_string_equal(write_amounts(&pod.requests), request_rows[i].requests);
    }
}

enum { RESOURCES = 5, MAX_STEPS = 8, NOTHING = -1 };

static const char *const resource_names[RESOURCES] = {"cpu", "memory", "hugepages-2Mi",
                                                      "nvidia.com/gpu", "example.com/x"};

/* Amounts by resource, in thousandths. */
struct asked {
    int requests[RESOURCES], limits[RESOURCES];
};

struct random_pod {
    struct random_step {
        enum container_kind kind;
        struct asked asked;
    } steps[MAX_STEPS];
    int count;
    struct asked own;
    int overhead[RESOURCES];
};

static int random_amount(struct random *random)
{
    if (!random_one_in(random, 3))
        return NOTHING;
    return (int)random_below(random, 6) * (random_one_in(random, 2) ? 1000 : 250);
}

static void make_asked(struct random *random, struct asked *out)
{
    for (int r = 0; r < RESOURCES; r++) {
        out->requests[r] = random_amount(random);
        out->limits[r] = random_amount(random);
    }
}

static struct random_pod make_pod(struct random *random)
{
    struct random_pod pod = {.count = (int)random_below(random, MAX_STEPS + 1)};
    bool has_own = random_one_in(random, 2), has_overhead = random_one_in(random, 2);

    for (int i = 0; i < pod.count; i++) {
        pod.steps[i].kind = (enum container_kind)random_below(random, 4);
        make_asked(random, &pod.steps[i].asked);
    }
    make_asked(random, &pod.own);
    for (int r = 0; r < RESOURCES; r++) {
        if (!has_own)
            pod.own.requests[r] = pod.own.limits[r] = NOTHING;
        pod.overhead[r] = has_overhead ? random_amount(random) : NOTHING;
    }
    return pod;
}

static int asked_for(const struct asked *asked, int r)
{
    return asked->requests[r] != NOTHING ? asked->requests[r] : asked->limits[r];
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* What the containers need together: written down from the published formula, one resource at a
 * time. NOTHING where no container names the resource. */
static int need_of_containers(const struct random_pod *pod, int r)
{
    int app = 0, init = 0, started = 0;
    bool is_named = false;

    for (int i = 0; i < pod->count; i++) {
        int amount = asked_for(&pod->steps[i].asked, r);
        enum container_kind kind = pod->steps[i].kind;

        if (kind == CONTAINER_EPHEMERAL || amount == NOTHING)
            continue;
        is_named = true;
        if (kind == CONTAINER_MAIN || kind == CONTAINER_SIDECAR)
            app += amount;
        if (kind == CONTAINER_SIDECAR) {
            started += amount;
            init = larger(init, started);
        }
        if (kind == CONTAINER_INIT)
            init = larger(init, started + amount);
    }
    return is_named ? larger(app, init) : NOTHING;
}

static int expected_request(const struct random_pod *pod, int r)
{
    bool is_pod_level = r < 3;
    int need = need_of_containers(pod, r);

    if (is_pod_level && pod->own.requests[r] != NOTHING)
        need = pod->own.requests[r];
    else if ((is_pod_level && need == NOTHING) || (r == 2 && pod->own.limits[r] != NOTHING))
        need = pod->own.limits[r];
    if (pod->overhead[r] == NOTHING)
        return need;
    return larger(need, 0) + pod->overhead[r];
}

/* The same amount in one of its notations. */
static void add_amount(struct buf *buf, int thousandths, struct random *random)
{
    static const char *const whole[] = {"\"%d\"", "%d", "\"%d000m\"", "\"%de0\"", "\"+%d\""};
    static const char *const parts[] = {"\"%dm\"", "\"%d000u\"", "\"%de-3\"", "%de-3"};
    bool is_whole = thousandths % 1000 == 0;
    const char *format = is_whole ? whole[random_below(random, COUNT(whole))]
                                  : parts[random_below(random, COUNT(parts))];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    buf_printf(buf, format, is_whole ? thousandths / 1000 : thousandths);
#pragma GCC diagnostic pop
}

static void add_map(struct buf *buf, const char *name, const int *amounts, struct random *random)
{
    const char *comma = "";

    buf_printf(buf, "\"%s\":{", name);
    for (int r = 0; r < RESOURCES; r++) {
        if (amounts[r] == NOTHING)
            continue;
        buf_printf(buf, "%s\"%s\":", comma, resource_names[r]);
        add_amount(buf, amounts[r], random);
        comma = ",";
    }
    buf_add_char(buf, '}');
}

static void add_asked(struct buf *buf, const struct asked *asked, struct random *random)
{
    buf_add_text(buf, "\"resources\":{");
    add_map(buf, "limits", asked->limits, random);
    buf_add_char(buf, ',');
    add_map(buf, "requests", asked->requests, random);
    buf_add_char(buf, '}');
}

static void add_list(struct buf *buf, const char *name, const struct random_pod *pod,
                     unsigned kinds, struct random *random)
{
    const char *comma = "";

    buf_printf(buf, ",\"%s\":[", name);
    for (int i = 0; i < pod->count; i++) {
        enum container_kind kind = pod->steps[i].kind;
        bool is_init = kind == CONTAINER_INIT || kind == CONTAINER_SIDECAR;

        if (!(kinds & 1U << kind))
            continue;
        buf_printf(buf, "%s{", comma);
        if (kind == CONTAINER_SIDECAR || (!is_init && random_one_in(random, 4)))
            buf_add_text(buf, "\"restartPolicy\":\"Always\",");
        add_asked(buf, &pod->steps[i].asked, random);
        buf_add_char(buf, '}');
        comma = ",";
    }
    buf_add_char(buf, ']');
}

static const char *write_pod(const struct random_pod *pod, struct random *random)
{
    struct buf buf;

    buf_init(&buf, &arena, 65536);
    buf_add_text(&buf, "{\"spec\":{");
    add_asked(&buf, &pod->own, random);
    buf_add_char(&buf, ',');
    add_map(&buf, "overhead", pod->overhead, random);
    add_list(&buf, "containers", pod, 1U << CONTAINER_MAIN, random);
    add_list(&buf, "ephemeralContainers", pod, 1U << CONTAINER_EPHEMERAL, random);
    add_list(&buf, "initContainers", pod, 1U << CONTAINER_INIT | 1U << CONTAINER_SIDECAR, random);
    buf_add_text(&buf, "}}");
    return buf.data;
}

static void the_effective_request_of_random_pods_follows_the_formula(void **state)
{
    struct random random = {20261121};

    for (int i = 0; i < 4000; i++) {
        struct random_pod made = make_pod(&random);
        const char *json = write_pod(&made, &random);
        struct pod pod;
        struct error err;

        assert_true(parse(json, &pod, &err));
        for (int r = 0; r < RESOURCES; r++) {
            const struct amount *got = resource_find(&pod.requests, bytes_from(resource_names[r]));
            int expected = expected_request(&made, r);
            struct amount wanted;

            assert_true(amount_divide(amount_of(larger(expected, 0)), amount_of(1000), &wanted));
            if ((got != NULL) != (expected != NOTHING) || (got && amount_compare(*got, wanted)))
                fail_msg("%s: expected %d thousandths, got %s\n%s", resource_names[r], expected,
                         got ? amount_write(*got, &arena) : "nothing", json);
        }
        arena_reset(&arena);
    }
}

/* Sums that don't fit pass a bound; no sum is ever taken for a smaller one. */
static void sums_beyond_64_bits_are_refused(void **state)
{
    static const char *const pods[] = {
        "{\"spec\":{\"containers\":[{" REQUESTS("\"a/x\":\"9223372036854775807\"") "},{" REQUESTS(
            "\"a/x\":1") "}]}}",
        "{\"spec\":{\"initContainers\":[{" SIDECAR REQUESTS(
            "\"a/x\":\"9223372036854775807\"") "},{" REQUESTS("\"a/x\":1") "}]}}",
        "{\"spec\":{\"overhead\":{\"a/x\":1},\"containers\":[{" REQUESTS(
            "\"a/x\":\"9223372036854775807\"") "}]}}",
    };

    for (size_t i = 0; i < COUNT(pods); i++) {
        struct pod pod;
        struct error err;

        assert_false(parse(pods[i], &pod, &err));
        assert_string_equal(err.text, "the sum of a/x does not fit 64 bits");
        assert_true(err.is_limit);
    }
}

/* Names 0 to count - 1, each container's in an order of its own. */
static void add_many(struct buf *buf, const char *list, size_t containers, size_t count)
{
    buf_printf(buf, "\"%s\":[", list);
    for (size_t i = 0; i < containers; i++) {
        buf_printf(buf, "%s{" SIDECAR "\"resources\":{\"limits\":{\"a/first\":%zu", i ? "," : "",
                   i);
        for (size_t j = 0; j < count; j++)
            buf_printf(buf, ",\"a/%zu\":%zu", (j * 7 + i) % count, (j * 7 + i) % count);
        buf_add_text(buf, "}}}");
    }
    buf_add_char(buf, ']');
}

static void many_resources_are_told_apart(void **state)
{
    static const size_t counts[] = {13, 15, 16, 17, 31, 32, 33, 100, 255};

    for (size_t i = 0; i < COUNT(counts); i++) {
        struct error err;
        struct pod pod;
        struct buf buf;

        buf_init(&buf, &arena, 1024 * 1024);
        buf_add_text(&buf, "{\"spec\":{");
        add_many(&buf, "initContainers", 3, counts[i]);
        buf_add_char(&buf, ',');
        add_many(&buf, "containers", 2, counts[i]);
        buf_add_text(&buf, "}}");
        assert_true(parse(buf.data, &pod, &err));
        assert_int_equal(pod.requests.count, counts[i] + 1);
        assert_true(bytes_is(pod.requests.items[0].name, "a/first"));
        assert_string_equal(amount_write(pod.requests.items[0].amount, &arena), "4");
        for (size_t j = 0; j < counts[i]; j++) {
            const char *name = arena_printf(&arena, "a/%zu", j);
            const struct amount *amount = resource_find(&pod.requests, bytes_from(name));

            assert_non_null(amount);
            assert_string_equal(amount_write(*amount, &arena), arena_printf(&arena, "%zu", 5 * j));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_effective_request_is_kubernetes_own, release_arena),
        cmocka_unit_test_teardown(the_effective_request_of_random_pods_follows_the_formula,
                                  release_arena),
        cmocka_unit_test_teardown(sums_beyond_64_bits_are_refused, release_arena),
        cmocka_unit_test_teardown(many_resources_are_told_apart, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
