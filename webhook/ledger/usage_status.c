#include "ledger/usage_status.h"

#include "kube/quantity.h"
#include "ledger/usage_writer.h"

enum { HOLDERS_SHOWN = 10, UNSEEN_SHOWN = 10, SUMS_SHOWN = 32, RESOURCES_SHOWN = 32 };

/* What no class and no namespace is called. */
static const char *const without_name = "(none)", *const the_others = "(others)";

struct status {
    const struct holdings *holdings;
    const struct tenant *tenant;
    const struct tenant_holdings *held;
    int64_t now;
    struct arena scratch;
    struct buf *out;
};

static void write_gpus(struct status *status, const char *name, struct amount gpus)
{
    usage_write_text(status->out, name, bytes_from(amount_write(gpus, &status->scratch)));
}

/* What is left of a cap; nothing where more is held. */
static struct amount left_of(struct amount cap, struct amount used)
{
    struct amount left = {0};

    return amount_compare(used, cap) < 0 && amount_subtract(cap, used, &left) ? left
                                                                              : (struct amount){0};
}

static void write_totals(struct status *status)
{
    const struct tenant *tenant = status->tenant;
    struct amount used = total_amount(&status->held->all.gpus);
    struct amount guaranteed = grants_common_limit(tenant, false, status->now);
    struct amount burst = grants_common_limit(tenant, true, status->now);

    if (tenant->gpus.node)
        write_gpus(status, "guaranteed", guaranteed);
    if (tenant->gpus.has_burst)
        write_gpus(status, "burst", burst);
    write_gpus(status, "used", used);
    write_gpus(status, "reserved", total_amount(&status->held->unseen.gpus));
    if (tenant->gpus.node)
        write_gpus(status, "free", left_of(guaranteed, used));
    if (tenant->gpus.has_burst)
        write_gpus(status, "freeBurst", left_of(burst, used));
}

static void write_modes(struct status *status)
{
    usage_write_name(status->out, BYTES("byMode"));
    buf_add_char(status->out, '{');
    for (int mode = 0; mode < MODE_COUNT; mode++) {
        struct amount gpus = total_amount(&status->held->all.by_mode[mode]);

        if (!amount_is_zero(gpus))
            write_gpus(status, mode_names[mode], gpus);
    }
    buf_add_char(status->out, '}');
}

/* What the sum has that isn't shown; false where that is nothing, or doesn't fit. */
static bool find_rest(const struct status *status, const struct tally *const *shown, size_t count,
                      struct amount *rest)
{
    bool fits = !status->held->all.gpus.is_beyond;

    *rest = status->held->all.gpus.sum;
    for (size_t i = 0; i < count && fits; i++)
        fits = !shown[i]->is_beyond && amount_subtract(*rest, shown[i]->sum, rest);
    return fits && !amount_is_zero(*rest);
}

static void write_sums(struct status *status, const char *name, enum tally_kind kind)
{
    const struct tally_heap *heap = &status->held->tallies[kind];
    const struct tally *shown[SUMS_SHOWN];
    size_t count = tallies_find(heap, SUMS_SHOWN, shown);
    struct amount rest;

    usage_write_name(status->out, bytes_from(name));
    buf_add_char(status->out, '{');
    for (size_t i = 0; i < count; i++) {
        struct bytes key = kind == TALLY_CLASSES ? shown[i]->name : shown[i]->namespace;
        const char *sum = amount_write(tally_amount(shown[i]), &status->scratch);

        usage_write_name(status->out, key.len ? key : bytes_from(without_name));
        usage_write_string(status->out, bytes_from(sum));
    }
    if (count < heap->count && find_rest(status, shown, count, &rest))
        write_gpus(status, the_others, rest);
    buf_add_char(status->out, '}');
}

static void write_holder(struct status *status, struct bytes namespace, const char *kind,
                         struct bytes name, struct amount gpus)
{
    struct buf *out = status->out;
    struct buf text;

    buf_init(&text, &status->scratch, 4 * TENANT_USAGE_MAX_TEXT);
    buf_add_text(&text, kind);
    buf_add(&text, name);
    usage_write_comma(out);
    buf_add_char(out, '{');
    usage_write_text(out, "namespace", namespace);
    usage_write_text(out, "name", buf_bytes(&text));
    write_gpus(status, "gpus", gpus);
    buf_add_char(out, '}');
}

static const char *kind_of(bool is_claim)
{
    return is_claim ? "ResourceClaim/" : "Pod/";
}

static void write_holders(struct status *status)
{
    const struct tally *largest[HOLDERS_SHOWN];
    size_t count = tallies_find(&status->held->tallies[TALLY_HOLDERS], HOLDERS_SHOWN, largest);

    usage_write_name(status->out, BYTES("holders"));
    buf_add_char(status->out, '[');
    for (size_t i = 0; i < count; i++)
        write_holder(status, largest[i]->namespace,
                     largest[i]->is_single ? kind_of(largest[i]->is_claim) : "", largest[i]->name,
                     tally_amount(largest[i]));
    buf_add_char(status->out, ']');
}

/* The oldest of what is reserved, but not seen. */
static void write_unseen(struct status *status)
{
    const struct reservation *each = TAILQ_FIRST(&status->holdings->reservations);
    size_t count = 0;

    usage_write_name(status->out, BYTES("notSeen"));
    buf_add_char(status->out, '[');
    if (amount_is_zero(total_amount(&status->held->unseen.gpus)))
        each = NULL;
    for (; each && count < UNSEEN_SHOWN; each = TAILQ_NEXT(each, in_all)) {
        const struct holding *holding = each->holding;

        if (holding->tenant != status->tenant || holding->is_seen || !holding->weight)
            continue;
        write_holder(status, each->pod.namespace, kind_of(each->pod.is_claim), each->pod.name,
                     holding->weight->is_beyond ? amount_of(INT64_MAX) : holding->weight->gpus);
        count++;
    }
    buf_add_char(status->out, ']');
}

static void add_gone(const struct status *status, const struct holding *holding,
                     struct amount *gpus, unsigned *pods)
{
    struct arena arena = {0};
    struct demand demand;
    struct error ignored;

    if (!demand_weigh(&holding->ask->ask, &status->holdings->tenancy->cluster, &arena, &demand,
                      &ignored) ||
        !amount_add(*gpus, demand.gpus, gpus))
        *gpus = amount_of(INT64_MAX);
    arena_release(&arena);
    ++*pods;
}

/* Pods of nodes that are gone, which don't count any more. */
static void write_gone(struct status *status)
{
    const struct holding *each;
    struct amount gpus = {0};
    unsigned pods = 0;

    for (each = TAILQ_FIRST(&status->holdings->leaving); each;
         each = TAILQ_NEXT(each, in_leaving)) {
        if (each->is_over && each->namespace->tenant == status->tenant)
            add_gone(status, each, &gpus, &pods);
    }
    if (pods == 0)
        return;
    usage_write_name(status->out, BYTES("gone"));
    buf_printf(status->out, "{\"pods\":%u", pods);
    write_gpus(status, "gpus", gpus);
    buf_add_char(status->out, '}');
}

static void write_resource(struct status *status, size_t at)
{
    const struct resource_cap *cap = &status->tenant->resources.items[at];
    struct bytes name = bytes_from(cap->name.text);
    struct amount used = total_amount(&status->held->all.resources[at]);
    struct arena *scratch = &status->scratch;
    struct buf *out = status->out;

    usage_write_comma(out);
    buf_add_char(out, '{');
    usage_write_text(out, "name", name);
    usage_write_text(out, "max", bytes_from(quantity_write(cap->max, name, scratch)));
    usage_write_text(out, "used", bytes_from(quantity_write(used, name, scratch)));
    usage_write_text(out, "free",
                     bytes_from(quantity_write(left_of(cap->max, used), name, scratch)));
    buf_add_char(out, '}');
}

static void write_resources(struct status *status)
{
    size_t count = status->tenant->resources.count;

    if (count == 0)
        return;
    usage_write_name(status->out, BYTES("resources"));
    buf_add_char(status->out, '[');
    for (size_t i = 0; i < count && i < RESOURCES_SHOWN; i++)
        write_resource(status, i);
    buf_add_char(status->out, ']');
}

void usage_status_write(const struct holdings *holdings, const struct tenant *tenant, int64_t now,
                        struct buf *out)
{
    struct status status = {.holdings = holdings,
                            .tenant = tenant,
                            .held = &holdings->tenants[tenant->index],
                            .now = now,
                            .out = out};

    buf_add_char(out, '{');
    write_totals(&status);
    write_modes(&status);
    write_sums(&status, "byPriorityClass", TALLY_CLASSES);
    write_sums(&status, "byNamespace", TALLY_NAMESPACES);
    write_resources(&status);
    write_holders(&status);
    write_unseen(&status);
    write_gone(&status);
    buf_add_char(out, '}');
    arena_release(&status.scratch);
}
