#include "cli/yaml_print.h"

#include <strings.h>

#include "base/json.h"

enum { MAX_DEPTH = 256 };

static void indent(struct buf *out, int depth)
{
    for (int i = 0; i < depth; i++)
        buf_add_text(out, "  ");
}

static bool is_container(struct value value)
{
    return value_count(value) > 0;
}

/* Words that no YAML reader takes for anything but a string, be it one of YAML 1.1, as kubectl's
 * is. Keys and values alike. */
static bool is_plain(struct bytes text)
{
    static const char *const taken[] = {"true", "false", "null", "yes", "no",
                                        "on",   "off",   "y",    "n"};
    bool has_letter = false;

    for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
        if (strlen(taken[i]) == text.len && !strncasecmp(taken[i], text.data, text.len))
            return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        has_letter |= is_letter && i == 0;
        if (!is_letter && !(i > 0 && ((c >= '0' && c <= '9') || c == '-' || c == '/' || c == '.')))
            return false;
    }
    return has_letter;
}

/* JSON's escapes are YAML's, too; characters that JSON may hold as they are and YAML may not, or
 * takes for the end of a line, are escaped beside. */
static void print_quoted(struct bytes text, struct buf *out)
{
    struct buf quoted;

    buf_init(&quoted, out->arena, text.len * 6 + 2);
    buf_add_json(&quoted, text);
    buf_add_text(out, text_clean(out->arena, buf_bytes(&quoted), quoted.len));
}

static void print_text(struct bytes text, struct buf *out)
{
    if (is_plain(text))
        buf_add(out, text);
    else
        print_quoted(text, out);
}

static void print_value(struct value value, int depth, bool is_in_list, struct buf *out);

/* `is_first_inline`: the first line's indentation is there already, behind the dash of a list. */
static void print_members(struct value value, int depth, bool is_first_inline, struct buf *out)
{
    bool is_list = value_type(value) == VALUE_ARRAY;

    for (struct value v = value_first(value); value_type(v); v = value_next(v)) {
        if (!is_first_inline)
            indent(out, depth);
        is_first_inline = false;
        if (is_list) {
            buf_add_text(out, "- ");
        } else {
            print_text(value_name(v), out);
            buf_add_text(out, is_container(v) ? ":" : ": ");
        }
        print_value(v, depth + 1, is_list, out);
    }
}

static void print_value(struct value value, int depth, bool is_in_list, struct buf *out)
{
    if (is_container(value)) {
        if (!is_in_list)
            buf_add_char(out, '\n');
        print_members(value, depth, is_in_list, out);
        return;
    }
    if (value_type(value) == VALUE_STRING)
        print_text(value_text(value), out);
    else
        buf_add(out, value_raw(value));
    buf_add_char(out, '\n');
}

void yaml_print(struct bytes json, struct buf *out)
{
    struct document document;
    struct value root;

    document_parse(json, MAX_DEPTH, out->arena, &document);
    root = document_root(&document);
    if (is_container(root))
        print_members(root, 0, false, out);
    else
        print_value(root, 0, false, out);
}
