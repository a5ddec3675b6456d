/* state_fuzz: what a state file says is kept whole, weighs the same however often it is read, and
 * leaves nothing behind when it is taken off again. */
#include "kube/quantity.h"
#include "ledger/holdings.h"
#include "ledger/state_files.h"
#include "fuzz.h"

/* One tenant that has every namespace, a cap on everything, and one mode at a time. */
static const struct tenancy *everybody(void)
{
    static struct arena arena;
    static struct tenancy tenancy;
    static struct tenant tenant = {.name = "everybody"};
    static struct tenant *tenants[] = {&tenant};
    struct error err;

    if (tenancy.tenant_count)
        return &tenancy;
    cluster_init_defaults(&tenancy.cluster, &arena);
    accelerators_init(&tenancy.cluster.accelerators, &tenancy.cluster.accelerator_rows, &arena);
    tenant_init_defaults(&tenant);
    tenant.namespaces.count = tenant.resources.count = 1;
    tenant.namespaces.items = arena_alloc(&arena, sizeof(struct glob));
    tenant.resources.items = arena_alloc(&arena, sizeof(struct resource_cap));
    CHECK(glob_parse(BYTES("*"), &arena, tenant.namespaces.items, &err) &&
          glob_parse(BYTES("*"), &arena, &tenant.resources.items->name, &err));
    tenant.sharing.exclusive = SCOPE_NAMESPACE;
    tenancy_init(&tenancy, tenants, 1, &arena);
    return &tenancy;
}

static void check_pod(const struct held_pod *pod)
{
    struct amount number;
    struct error err;

    CHECK(pod->name.len && pod->namespace.len && pod->uid.len);
    for (size_t i = 0; i < pod->ask.annotation_count; i++) {
        CHECK(pod->ask.annotations[i].value.len <= 32);
        CHECK(quantity_parse(pod->ask.annotations[i].value, &number, &err));
    }
    for (size_t i = 0; i < pod->ask.requests.count; i++)
        CHECK(pod->ask.requests.items[i].amount.num >= 0);
}

/* Whether a sum fits can depend on the order in which it is made. */
static bool is_same(struct amount a, struct amount b)
{
    return a.num == INT64_MAX || b.num == INT64_MAX || amount_compare(a, b) == 0;
}

static void put_all(struct holdings *holdings, const struct state *state)
{
    for (size_t i = 0; i < state->pod_count; i++)
        holdings_put(holdings, state->pods[i]);
}

static void check_holdings(const struct state *state)
{
    const struct tenancy *tenancy = everybody();
    struct holdings holdings;
    struct tenant_holdings *held;
    struct amount gpus, all;

    holdings_init(&holdings, &state->view);
    put_all(&holdings, state);
    holdings_adopt(&holdings, tenancy, &state->view);
    held = &holdings.tenants[0];
    gpus = total_amount(&held->all.gpus);
    all = total_amount(&held->all.resources[0]);
    CHECK(held->pods <= state->pod_count);
    put_all(&holdings, state);
    CHECK(is_same(gpus, total_amount(&held->all.gpus)));
    CHECK(is_same(all, total_amount(&held->all.resources[0])));
    holdings_drop_gone(&holdings, INT64_MAX - 1);
    while (!TAILQ_EMPTY(&holdings.all))
        holdings_remove(&holdings, TAILQ_FIRST(&holdings.all));
    CHECK(held->pods == 0 && amount_is_zero(total_amount(&held->all.gpus)));
    CHECK(amount_is_zero(total_amount(&held->all.resources[0])));
    CHECK(holdings.namespaces.count == 0 && holdings.workloads.count == 0);
    CHECK(holdings.by_uid.count == 0 && holdings.by_name.count == 0);
    holdings_release(&holdings);
}

static void count_unread(void *context, const struct error *err)
{
    CHECK(err->text[0]);
    ++*(size_t *)context;
}

/* Gives how many pods were read; SIZE_MAX: it failed. */
static size_t check(const uint8_t *data, size_t size, const struct state_unread *unread)
{
    /* A copy of its own, so that reading past the end is seen. */
    char *copy = malloc(size ? size : 1);
    struct state state = {.unread = unread};
    struct error err = {0};
    size_t count;
    bool is_read;

    if (size)
        memcpy(copy, data, size);
    is_read = state_parse((struct bytes){copy, size}, &state, &err);
    CHECK(is_read == (err.text[0] == '\0'));
    free(copy);
    for (size_t i = 0; i < state.pod_count; i++)
        check_pod(state.pods[i]);
    check_holdings(&state);
    count = state.pod_count;
    state_release(&state);
    return is_read ? count : SIZE_MAX;
}

/* What is read strictly is read alike where nothing that can't be read is an error. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t unread_count = 0, count = check(data, size, NULL);
    const struct state_unread unread = {count_unread, &unread_count};
    size_t most = check(data, size, &unread);

    CHECK(count == SIZE_MAX || (most == count && unread_count == 0));
    return 0;
}
