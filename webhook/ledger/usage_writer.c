#include "ledger/usage_writer.h"

#include "kube/quantity.h"
#include "ledger/tenant_usage.h"

const struct usage_escape usage_escapes[] = {{' ', "%20"}, {'\n', "%0A"}, {'%', "%25"}, {0, NULL}};

void usage_write_comma(struct buf *out)
{
    if (out->len && !strchr("{[", out->data[out->len - 1]))
        buf_add_char(out, ',');
}

void usage_write_string(struct buf *out, struct bytes text)
{
    if (text.len > TENANT_USAGE_MAX_TEXT)
        out->is_full = true;
    else
        buf_add_json(out, text);
}

void usage_write_name(struct buf *out, struct bytes name)
{
    usage_write_comma(out);
    usage_write_string(out, name);
    buf_add_char(out, ':');
}

void usage_write_text(struct buf *out, const char *name, struct bytes text)
{
    if (text.len == 0)
        return;
    usage_write_name(out, bytes_from(name));
    usage_write_string(out, text);
}

void usage_write_true(struct buf *out, const char *name, bool is_true)
{
    if (!is_true)
        return;
    usage_write_name(out, bytes_from(name));
    buf_add_text(out, "true");
}

void usage_write_amount(struct buf *out, struct bytes name, struct amount amount,
                        struct arena *scratch)
{
    usage_write_name(out, name);
    usage_write_string(out, bytes_from(quantity_write_decimal(amount, scratch)));
}
