#include "engine/message.h"

#include "base/node.h"

/* The API server drops or cuts what is longer; its documentation asks for no more. */
enum { MAX_WARNING_CHARACTERS = 120, MAX_MESSAGE_BYTES = 256 * 1024 };

static void add_rule_line(struct buf *buf, const struct rule *rule)
{
    buf_printf(buf, "\n  rule: %s", rule->name);
    if (rule->node)
        buf_printf(buf, " (%s:%u)", rule->node->source->name, rule->node->line);
}

const char *message_write_denial(const struct finding *const *denying, size_t count, size_t more,
                                 struct arena *arena)
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

const char *message_write_warning(const struct finding *finding, struct arena *arena)
{
    const char *whole = arena_printf(arena, "%s (%s)", finding->text, finding->rule->name);
    struct bytes text = bytes_from(finding->text);

    if (cut_characters(bytes_from(whole), MAX_WARNING_CHARACTERS) == strlen(whole))
        return whole;
    if (cut_characters(text, MAX_WARNING_CHARACTERS) == text.len)
        return finding->text;
    return arena_printf(arena, "%.*s...", (int)cut_characters(text, MAX_WARNING_CHARACTERS - 3),
                        text.data);
}
