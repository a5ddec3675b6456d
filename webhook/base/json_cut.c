/* A scanner that knows strings and brackets, and the grammar of the members that it looks for. The
 * bulk of a list is gone through twice: for its kind, which may stand at the end, and for its
 * items. */
#include "base/json_cut.h"

struct scan {
    struct bytes text;
    size_t at;
    struct error *err;
};

/* What an object says about itself: texts without their quotes, values as they are written. */
struct self {
    struct bytes kind, api_version, items;
    bool has_kind, has_api_version, has_items;
};

static bool fail(const struct scan *scan, const char *wanted)
{
    if (scan->at >= scan->text.len)
        return error_set(scan->err, "byte %zu: expected %s, but the text ends", scan->at, wanted);
    return error_set(scan->err, "byte %zu: expected %s", scan->at, wanted);
}

static int peek(const struct scan *scan)
{
    return scan->at < scan->text.len ? (unsigned char)scan->text.data[scan->at] : -1;
}

static int skip_blanks(struct scan *scan)
{
    int c = peek(scan);

    while (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
        scan->at++;
        c = peek(scan);
    }
    return c;
}

/* To the byte after the string's end; `at` is at its first quote. */
static bool skip_string(struct scan *scan)
{
    const char *data = scan->text.data;
    size_t at = scan->at + 1, len = scan->text.len;

    while (at < len && data[at] != '"')
        at += data[at] == '\\' ? 2 : 1;
    scan->at = at < len ? at + 1 : len;
    return at < len || fail(scan, "the end of a string");
}

/* What matters between the brackets of a value that is skipped. */
static const unsigned char is_bracket_or_quote[256] = {
    ['"'] = 1, ['{'] = 1, ['}'] = 1, ['['] = 1, [']'] = 1,
};

static bool skip_brackets(struct scan *scan)
{
    const unsigned char *data = (const unsigned char *)scan->text.data;
    size_t depth = 0;

    while (scan->at < scan->text.len) {
        unsigned char c = data[scan->at];

        if (!is_bracket_or_quote[c]) {
            scan->at++;
            continue;
        }
        if (c == '"') {
            if (!skip_string(scan))
                return false;
            continue;
        }
        scan->at++;
        depth += c == '{' || c == '[' ? 1 : -1;
        if (depth == 0)
            return true;
    }
    return fail(scan, "a closing bracket");
}

/* Any value; what it is made of is not looked at. */
static bool skip_value(struct scan *scan, struct bytes *out)
{
    size_t start = scan->at;
    int c = peek(scan);

    if (c == '{' || c == '[') {
        if (!skip_brackets(scan))
            return false;
    } else if (c == '"') {
        if (!skip_string(scan))
            return false;
    } else {
        while (c >= 0 && !strchr(",]} \t\r\n", c)) {
            scan->at++;
            c = peek(scan);
        }
    }
    *out = (struct bytes){scan->text.data + start, scan->at - start};
    return out->len > 0 || fail(scan, "a value");
}

/* A string without escapes: its text; empty for anything else. */
static struct bytes plain_text(struct bytes value)
{
    if (value.len < 2 || value.data[0] != '"' || memchr(value.data, '\\', value.len))
        return (struct bytes){"", 0};
    return (struct bytes){value.data + 1, value.len - 2};
}

static bool note_member(const struct scan *scan, struct bytes name, struct bytes value,
                        struct self *self)
{
    struct bytes text = plain_text(name);

    if (bytes_is(text, "items")) {
        if (self->has_items)
            return error_set(scan->err, "byte %zu: duplicate key \"items\"",
                             (size_t)(name.data - scan->text.data));
        self->has_items = true;
        self->items = value;
    } else if (bytes_is(text, "kind")) {
        self->has_kind = true;
        self->kind = plain_text(value);
    } else if (bytes_is(text, "apiVersion")) {
        self->has_api_version = true;
        self->api_version = plain_text(value);
    }
    return true;
}

static bool scan_member(struct scan *scan, struct self *self)
{
    struct bytes name, value;

    if (skip_blanks(scan) != '"')
        return fail(scan, "a key in quotes");
    if (!skip_value(scan, &name))
        return false;
    if (skip_blanks(scan) != ':')
        return fail(scan, "a colon");
    scan->at++;
    skip_blanks(scan);
    return skip_value(scan, &value) && note_member(scan, name, value, self);
}

/* To the byte after the object; `at` is at its bracket. */
static bool scan_object(struct scan *scan, struct self *self)
{
    scan->at++;
    if (skip_blanks(scan) == '}') {
        scan->at++;
        return true;
    }
    while (scan_member(scan, self)) {
        int c = skip_blanks(scan);

        if (c != ',' && c != '}')
            return fail(scan, "a comma or a closing bracket");
        scan->at++;
        if (c == '}')
            return true;
    }
    return false;
}

bool list_kind_is_list(struct bytes kind)
{
    return bytes_has_suffix(kind, BYTES("List"));
}

bool list_refuse(struct value object, struct error *err)
{
    struct bytes kind = value_text(value_member(object, "kind"));
    enum value_type items = value_type(value_member(object, "items"));

    if (!list_kind_is_list(kind) || items == VALUE_ABSENT || items == VALUE_NULL)
        return true;
    if (items == VALUE_ARRAY)
        return error_set(err, "a list inside a list is not read; write its items instead");
    return error_set(err, "\"items\" of a list: expected a list, got %s", value_type_name(items));
}

/* `"name":"text",` */
static void add_member(struct buf *buf, const char *name, struct bytes text)
{
    buf_add_json(buf, bytes_from(name));
    buf_add_char(buf, ':');
    buf_add_json(buf, text);
    buf_add_char(buf, ',');
}

/* The item with what it is missing. */
static bool give_completed(const struct list_head *missing, struct bytes item, object_fn each,
                           void *context, struct error *err)
{
    struct bytes rest = bytes_tail(item, 1);
    struct arena arena = {0};
    struct buf buf;
    bool goes_on;

    buf_init(&buf, &arena, item.len + 6 * (missing->kind.len + missing->api_version.len) + 64);
    buf_add_char(&buf, '{');
    if (missing->api_version.len > 0)
        add_member(&buf, "apiVersion", missing->api_version);
    if (missing->kind.len > 0)
        add_member(&buf, "kind", missing->kind);
    while (rest.len > 0 && strchr(" \t\r\n", rest.data[0]))
        rest = bytes_tail(rest, 1);
    if (rest.len > 0 && rest.data[0] == '}')
        buf.len--;
    buf_add(&buf, rest);
    goes_on = each(context, buf_bytes(&buf), err);
    arena_release(&arena);
    return goes_on;
}

bool list_give_item(const struct list_head *list, struct bytes item, object_fn each, void *context,
                    struct error *err)
{
    static const struct bytes suffix = BYTES("List");
    struct list_head missing = {0};
    struct error ignored;
    struct scan scan = {.text = item, .err = &ignored};
    struct self self = {0};

    /* What can't be scanned is no JSON either, and its reader will say so. */
    if (list->kind.len <= suffix.len || !scan_object(&scan, &self))
        return each(context, item, err);
    if (!self.has_kind)
        missing.kind = (struct bytes){list->kind.data, list->kind.len - suffix.len};
    if (!self.has_api_version)
        missing.api_version = list->api_version;
    if (missing.kind.len + missing.api_version.len == 0)
        return each(context, item, err);
    return give_completed(&missing, item, each, context, err);
}

static bool give_items(struct scan *scan, const struct list_head *list, object_fn each,
                       void *context)
{
    int c;

    scan->at++;
    if (skip_blanks(scan) == ']') {
        scan->at++;
        return true;
    }
    do {
        struct bytes item;
        size_t start;

        if (skip_blanks(scan) != '{')
            return fail(scan, "an object");
        start = scan->at;
        if (!skip_value(scan, &item))
            return false;
        if (!list_give_item(list, item, each, context, scan->err))
            return error_wrap(scan->err, "byte %zu", start);
        c = skip_blanks(scan);
        if (c != ',' && c != ']')
            return fail(scan, "a comma or a closing bracket");
        scan->at++;
    } while (c == ',');
    return true;
}

static bool give_object(struct scan *scan, object_fn each, void *context)
{
    size_t start = scan->at;
    struct self self = {0};
    struct bytes object;

    if (!scan_object(scan, &self))
        return false;
    object = (struct bytes){scan->text.data + start, scan->at - start};
    if (self.has_items && list_kind_is_list(self.kind)) {
        struct list_head list = {self.kind, self.api_version};
        struct scan items = {scan->text, (size_t)(self.items.data - scan->text.data), scan->err};

        if (self.items.data[0] == '[')
            return give_items(&items, &list, each, context);
        if (bytes_is(self.items, "null"))
            return true;
    }
    return each(context, object, scan->err) || error_wrap(scan->err, "byte %zu", start);
}

bool texts_objects(struct bytes text, object_fn each, void *context, struct error *err)
{
    static const struct list_head nothing;
    struct scan scan = {.text = text, .err = err};
    int c;

    if (bytes_has_prefix(text, BYTES("\xef\xbb\xbf")))
        scan.at = 3;
    while ((c = skip_blanks(&scan)) >= 0) {
        if (c != '{' && c != '[')
            return fail(&scan, "an object");
        if (c == '{' ? !give_object(&scan, each, context)
                     : !give_items(&scan, &nothing, each, context))
            return false;
    }
    return true;
}

/* No line of a JSON text begins so: neither a value does, nor can a string have a line's end. */
static bool has_document_marks(struct bytes text)
{
    while (text.len) {
        const char *newline = memchr(text.data, '\n', text.len);

        if (bytes_has_prefix(text, BYTES("---")))
            return true;
        text = bytes_tail(text, newline ? (size_t)(newline - text.data) + 1 : text.len);
    }
    return false;
}

bool text_is_json(struct bytes text)
{
    struct scan scan = {.text = text};
    int c;

    if (bytes_has_prefix(text, BYTES("\xef\xbb\xbf")))
        scan.at = 3;
    c = skip_blanks(&scan);
    if (c == '[') {
        scan.at++;
        c = skip_blanks(&scan);
        if (c != '{')
            return true;
    }
    if (c != '{')
        return false;
    scan.at++;
    c = skip_blanks(&scan);
    return (c < 0 || c == '"' || c == '}') && !has_document_marks(text);
}
