#include "engine/message.h"

#include "base/node.h"
#include "tenancy/help.h"

/* The API server drops or cuts what is longer; its documentation asks for no more. */
enum { MAX_WARNING_CHARACTERS = 120, MIN_QUOTED_CHARACTERS = 16, MAX_MESSAGE_BYTES = 256 * 1024 };

static void add_rule_line(struct buf *buf, const struct rule *rule)
{
    buf_printf(buf, "\n  rule: %s", rule->name);
    if (rule->node)
        buf_printf(buf, " (%s:%u)", rule->node->source->name, rule->node->line);
}

/* The address that the next block would show again is left to it. */
static void add_help_line(struct buf *buf, const char *help, const struct rule *rule,
                          const struct rule *next)
{
    const char *address = help_write(help, rule->name, buf->arena);

    if (!next || strcmp(address, help_write(help, next->name, buf->arena)) != 0)
        buf_printf(buf, "\n  help: %s", address);
}

const char *message_write_denial(const struct finding *const *denying, size_t count, size_t more,
                                 const char *help, struct arena *arena)
{
    struct buf buf;

    buf_init(&buf, arena, MAX_MESSAGE_BYTES);
    for (size_t i = 0; i < count; i++)
        buf_printf(&buf, "%s%s", i ? "\n" : "", denying[i]->text);
    if (more)
        buf_printf(&buf, count ? "\nand %zu more" : "%zu violations, too many to be told", more);
    for (size_t i = 0; i < count; i++) {
        /* What the policy's author says goes before our own advice. */
        const char *next = denying[i]->rule->next ? denying[i]->rule->next : denying[i]->next;

        add_rule_line(&buf, denying[i]->rule);
        if (next)
            buf_printf(&buf, "\n  next: %s", next);
        if (denying[i]->held_by)
            buf_printf(&buf, "\n  held by: %s", denying[i]->held_by);
        if (help)
            add_help_line(&buf, help, denying[i]->rule,
                          i + 1 < count ? denying[i + 1]->rule : NULL);
    }
    return buf.data ? buf.data : "";
}

/* The part of a text that has at most `most` characters. */
static size_t cut_characters(struct bytes text, size_t most)
{
    size_t at = 0;

    for (size_t count = 0; at < text.len && count < most; count++) {
        size_t len = text_character(text, at);

        at += len ? len : 1;
    }
    return at;
}

static size_t count_characters(struct bytes text)
{
    size_t count = 0;

    for (; text.len; count++) {
        size_t first = cut_characters(text, 1);

        text = (struct bytes){text.data + first, text.len - first};
    }
    return count;
}

/* The longest part between quotation marks; empty where there is none. */
static struct bytes longest_quoted(const char *text)
{
    struct bytes longest = {text, 0};
    const char *end;

    for (const char *start = strchr(text, '"'); start; start = strchr(end + 1, '"')) {
        end = strchr(++start, '"');
        if (!end)
            break;
        if ((size_t)(end - start) > longest.len)
            longest = (struct bytes){start, (size_t)(end - start)};
    }
    return longest;
}

/* The text within a warning's length: as it is, or without the end of what it quotes at the
 * greatest length, such as an image with its digest. NULL where that takes too much of it. */
static const char *fit(const char *text, struct arena *arena)
{
    struct bytes quoted = longest_quoted(text);
    size_t length = count_characters(bytes_from(text)), quoted_length = count_characters(quoted);
    size_t most = MAX_WARNING_CHARACTERS - 3; /* "..." */

    if (length <= MAX_WARNING_CHARACTERS)
        return text;
    if (length - most + MIN_QUOTED_CHARACTERS > quoted_length)
        return NULL;
    return arena_printf(arena, "%.*s%.*s...%s", (int)(quoted.data - text), text,
                        (int)cut_characters(quoted, quoted_length - (length - most)), quoted.data,
                        quoted.data + quoted.len);
}

const char *message_write_warning(const struct finding *finding, struct arena *arena)
{
    const char *whole = arena_printf(arena, "%s (%s)", finding->text, finding->rule->name);
    const char *fitting = fit(whole, arena);

    if (!fitting)
        fitting = fit(finding->text, arena);
    if (fitting)
        return fitting;
    return arena_printf(arena, "%.*s...",
                        (int)cut_characters(bytes_from(finding->text), MAX_WARNING_CHARACTERS - 3),
                        finding->text);
}
