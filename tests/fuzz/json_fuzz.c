/* json_fuzz: the request path's reader against jansson, and against its own promises. */
#include <jansson.h>

#include "base/json.h"
#include "fuzz.h"

enum { MAX_DEPTH = 256 };

/* Bytes of value_raw that may still be read again; else deep nesting makes that quadratic. */
static size_t rereads_left;

static json_t *jansson_read(struct bytes text)
{
    json_error_t error;

    return json_loadb(text.len ? text.data : "", text.len,
                      JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
}

static bool is_same_text(struct bytes text, const char *other, size_t len)
{
    return text.len == len && (len == 0 || memcmp(text.data, other, len) == 0);
}

/* jansson read the number as part of the text; reading it alone must give the same. */
static bool is_same_number(struct bytes text, const json_t *number)
{
    json_t *alone = jansson_read(text);
    bool is_same = alone && json_equal(alone, number);

    json_decref(alone);
    return is_same;
}

static void compare(struct value value, json_t *other);

static void compare_members(struct value object, json_t *other)
{
    void *iter = json_object_iter(other);

    CHECK(value_count(object) == json_object_size(other));
    for (struct value v = value_first(object); value_type(v); v = value_next(v)) {
        struct bytes name = value_name(v);
        const char *key = json_object_iter_key(iter);

        CHECK(is_same_text(name, key, strlen(key)));
        CHECK(value_member_named(object, name).index == v.index);
        compare(v, json_object_iter_value(iter));
        iter = json_object_iter_next(other, iter);
    }
}

static void compare_elements(struct value array, json_t *other)
{
    size_t i = 0;

    CHECK(value_count(array) == json_array_size(other));
    for (struct value v = value_first(array); value_type(v); v = value_next(v))
        compare(v, json_array_get(other, i++));
}

static void compare(struct value value, json_t *other)
{
    CHECK(other);
    switch (value_type(value)) {
    case VALUE_NULL:
        CHECK(json_is_null(other));
        break;
    case VALUE_FALSE:
        CHECK(json_is_false(other));
        break;
    case VALUE_TRUE:
        CHECK(json_is_true(other));
        break;
    case VALUE_NUMBER:
        CHECK(json_is_number(other) && is_same_number(value_number(value), other));
        break;
    case VALUE_STRING:
        CHECK(json_is_string(other));
        CHECK(is_same_text(value_text(value), json_string_value(other), json_string_length(other)));
        break;
    case VALUE_ARRAY:
        CHECK(json_is_array(other));
        compare_elements(value, other);
        break;
    case VALUE_OBJECT:
        CHECK(json_is_object(other));
        compare_members(value, other);
        break;
    default:
        CHECK(!"a value has a type");
    }
}

/* Read the value's own bytes again: sound wherever the whole is, and then an equal value. */
static void reread(struct value value, bool is_sound)
{
    struct bytes raw = value_raw(value);
    struct arena arena = {0};
    struct document document;

    if (!is_sound || raw.len > rereads_left)
        return;
    rereads_left -= raw.len;
    document_parse(raw, MAX_DEPTH, &arena, &document);
    CHECK(document_is_sound(&document));
    CHECK(value_raw(document_root(&document)).len == raw.len);
    CHECK(value_equal(document_root(&document), value));
    arena_release(&arena);
}

/* Every value can be reached, lies in its container, and is counted. */
static void walk(struct value value, bool is_sound, struct arena *arena)
{
    struct bytes whole = value.document->text, raw = value_raw(value);
    size_t count = 0;
    struct bytes last = {0};

    CHECK(raw.data >= whole.data && raw.data + raw.len <= whole.data + whole.len);
    CHECK((value_type(value) == VALUE_NUMBER) == (value_number(value).data != NULL));
    CHECK((value_type(value) == VALUE_STRING) == (value_text(value).data != NULL));
    reread(value, is_sound);
    for (struct value v = value_first(value); value_type(v); v = value_next(v)) {
        struct bytes inner = value_raw(v);

        CHECK(inner.data > raw.data && inner.data + inner.len <= raw.data + raw.len);
        CHECK(!last.data || inner.data >= last.data + last.len);
        CHECK((value_type(value) == VALUE_OBJECT) == (value_name(v).data != NULL));
        last = inner;
        count++;
        walk(v, is_sound, arena);
    }
    CHECK(count == value_count(value));
    if (count == 0)
        CHECK(value_place(value, arena));
}

/* What jansson refuses although it is JSON: NUL in a name, numbers beyond its types. */
static bool is_beyond_jansson(struct value value)
{
    if (value_type(value) == VALUE_NUMBER) {
        json_t *number = jansson_read(value_number(value));

        json_decref(number);
        return !number;
    }
    for (struct value v = value_first(value); value_type(v); v = value_next(v)) {
        struct bytes name = value_name(v);

        if ((name.len && memchr(name.data, '\0', name.len)) || is_beyond_jansson(v))
            return true;
    }
    return false;
}

/* jansson (2.14) does not see a NUL behind a number or a word. */
static bool is_hidden_nul(const struct document *document)
{
    size_t at = document->grammar == DOCUMENT_BROKEN ? document->broken_at : document->fault_at;
    struct bytes text = document->text;

    return at > 0 && at < text.len && text.data[at] == '\0' &&
           strchr("0123456789els", text.data[at - 1]);
}

static void check_against_jansson(const struct document *document)
{
    json_t *other = jansson_read(document->text);

    if (document_is_sound(document)) {
        if (other)
            compare(document_root(document), other);
        else
            CHECK(is_beyond_jansson(document_root(document)));
    } else if (document->grammar == DOCUMENT_SOUND && document->fault == DOCUMENT_DEPTH) {
        /* jansson's bound is deeper: it may accept. */
    } else {
        CHECK(!other || is_hidden_nul(document));
    }
    json_decref(other);
}

/* How deeply values are kept must not change what is found wrong with the text. */
static void check_shallow(const struct document *deep, unsigned max_depth, struct arena *arena)
{
    struct document document;

    document_parse(deep->text, max_depth, arena, &document);
    CHECK(document.grammar == deep->grammar && document.broken_at == deep->broken_at);
    if (document.fault != DOCUMENT_DEPTH && document_is_sound(&document))
        CHECK(document_is_sound(deep));
    if (value_type(document_root(&document)))
        walk(document_root(&document), false, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A copy of its own, so that reading past the end is seen. */
    char *copy = malloc(size ? size : 1);
    struct bytes text = {copy, size};
    struct arena arena = {0};
    struct document document;
    bool is_sound;

    if (size)
        memcpy(copy, data, size);
    rereads_left = 1 << 16;
    document_parse(text, MAX_DEPTH, &arena, &document);
    is_sound = document_is_sound(&document);
    CHECK(is_sound == (*document_problem(&document, &arena) == '\0'));
    CHECK(!is_sound || value_type(document_root(&document)));
    if (value_type(document_root(&document)))
        walk(document_root(&document), is_sound, &arena);
    check_against_jansson(&document);
    check_shallow(&document, size % 4, &arena);
    arena_release(&arena);
    free(copy);
    return 0;
}
