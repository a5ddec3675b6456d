#include "tenancy/help.h"

#include "base/node.h"
#include "base/strings.h"

enum { MAX_HELP_BYTES = 512, MAX_WRITTEN_BYTES = 8192 };

static const char template[] = "{rule}";

/* What stands in every address as it is (RFC 3986), and the template's braces. */
static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~:/?#[]@!$&'()*+,;=%{}", c));
}

static bool has_scheme(struct bytes text)
{
    static const char *const schemes[] = {"https://", "http://"};

    for (int i = 0; i < 2; i++) {
        struct bytes scheme = bytes_from(schemes[i]);

        if (bytes_has_prefix(text, scheme) && text.len > scheme.len &&
            !strchr("/?#{", text.data[scheme.len]))
            return true;
    }
    return false;
}

/* Braces are there for the template alone: an address has none. */
static void check_templates(const struct node *node, struct problems *problems)
{
    static const char *const names[] = {"rule"};
    const char *text = arena_copy(problems->arena, node->text);

    for (const char *at = text + strcspn(text, "{}"); *at; at += strcspn(at, "{}")) {
        const char *end = strchr(at, '}');
        struct bytes name = {at + 1, end > at ? (size_t)(end - at - 1) : 0};

        if (*at == '{' && bytes_is(name, names[0])) {
            at = end + 1;
            continue;
        }
        if (*at == '}' || !end)
            problems_add(problems, node, "\"help\": an address has no braces but those of {rule}");
        else
            problems_add(problems, node, "unknown template \"{%s}\"%s",
                         text_quote(problems->arena, name),
                         strings_nearest(names, 1, name) ? "; did you mean \"{rule}\"?" : "");
        return;
    }
}

void help_check(const struct node *node, struct problems *problems)
{
    const char *quoted = text_quote(problems->arena, node->text);
    size_t plain = 0;

    while (plain < node->text.len && is_plain(node->text.data[plain]))
        plain++;
    if (node->text.len > MAX_HELP_BYTES)
        problems_add(problems, node, "\"help\": the address has more than %d bytes",
                     MAX_HELP_BYTES);
    else if (!has_scheme(node->text))
        problems_add(problems, node,
                     "\"help\": expected an address that begins with https:// or http:// and a "
                     "host, got \"%s\"",
                     quoted);
    else if (plain < node->text.len)
        problems_add(problems, node,
                     "\"help\": in an address the character behind \"%.*s\" has to be written as "
                     "%%XX",
                     (int)plain, node->text.data);
    else
        check_templates(node, problems);
}

/* Rules' names are parts of a path, parted by slashes. */
static void add_escaped(struct buf *buf, const char *text)
{
    for (; *text; text++) {
        bool is_kept = is_plain(*text) && !strchr(":?#[]@!$&'()*+,;=%{}", *text);

        if (is_kept)
            buf_add_char(buf, *text);
        else
            buf_printf(buf, "%%%02X", (unsigned char)*text);
    }
}

const char *help_write(const char *help, const char *rule, struct arena *arena)
{
    struct buf buf;

    buf_init(&buf, arena, MAX_WRITTEN_BYTES);
    for (const char *at = strstr(help, template); at; at = strstr(help, template)) {
        buf_add(&buf, (struct bytes){help, (size_t)(at - help)});
        add_escaped(&buf, rule);
        help = at + strlen(template);
    }
    buf_add_text(&buf, help);
    return buf.data;
}
