#include "checks/templates.h"

#include "base/buf.h"

enum { MAX_TEXT_BYTES = 64 * 1024 };

static const char *const names[] = {"tenant.name", "tenant.team", "tenant.contact",
                                    "tenant.costCenter", "namespace"};

enum { NAME_COUNT = sizeof(names) / sizeof(names[0]) };

/* What a template stands for; NULL: nothing. */
static const char *value_of(int which, const struct tenant *tenant, const char *namespace)
{
    switch (which) {
    case 0:
        return tenant ? tenant->name : NULL;
    case 1:
        return tenant ? tenant->owner.team : NULL;
    case 2:
        return tenant ? tenant->owner.contact : NULL;
    case 3:
        return tenant ? tenant->owner.cost_center : NULL;
    default:
        return namespace;
    }
}

/* The template that begins at `text`, with its braces; -1: none. */
static int find_template(const char *text, size_t *len)
{
    for (int i = 0; text[0] == '{' && i < NAME_COUNT; i++) {
        *len = strlen(names[i]);
        if (!strncmp(text + 1, names[i], *len) && text[*len + 1] == '}') {
            *len += 2;
            return i;
        }
    }
    return -1;
}

bool templates_are_in(const char *text)
{
    size_t len;

    for (const char *at = strchr(text, '{'); at; at = strchr(at + 1, '{')) {
        if (find_template(at, &len) >= 0)
            return true;
    }
    return false;
}

void templates_check(const struct node *node, struct problems *problems)
{
    const char *text = arena_copy(problems->arena, node->text);
    size_t len;

    for (const char *at = strchr(text, '{'); at; at = strchr(at + 1, '{')) {
        const char *end = strchr(at, '}');
        const char *nearest;
        struct bytes name;

        if (!end || find_template(at, &len) >= 0)
            continue;
        name = (struct bytes){at + 1, (size_t)(end - at - 1)};
        if (name.len == 0 || memchr(name.data, '"', name.len))
            continue;
        nearest = strings_nearest(names, NAME_COUNT, name);
        problems_add(problems, node, "unknown template \"{%s}\"%s%s%s",
                     text_quote(problems->arena, name), nearest ? "; did you mean \"{" : "",
                     nearest ? nearest : "", nearest ? "}\"?" : "");
    }
}

const char *templates_fill(const char *text, const struct tenant *tenant, const char *namespace,
                           struct arena *arena)
{
    struct buf buf;

    if (!strchr(text, '{'))
        return text;
    buf_init(&buf, arena, MAX_TEXT_BYTES);
    for (size_t len; *text; text += len) {
        int which = find_template(text, &len);
        const char *value;

        if (which < 0) {
            len = 1;
            buf_add_char(&buf, *text);
            continue;
        }
        value = value_of(which, tenant, namespace);
        if (!value || !*value)
            return NULL;
        buf_add_text(&buf, value);
    }
    return buf.data;
}
