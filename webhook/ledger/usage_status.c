#include "ledger/usage_status.h"

#include "kube/quantity.h"

void usage_status_write(const struct holdings *holdings, const struct tenant *tenant,
                        struct buf *out)
{
    const struct tenant_holdings *held = &holdings->tenants[tenant->index];

    buf_printf(out, "{\"used\":\"%s\"", amount_write(total_amount(&held->all.gpus), out->arena));
    buf_printf(out, ",\"reserved\":\"%s\"}",
               amount_write(total_amount(&held->unseen.gpus), out->arena));
}
