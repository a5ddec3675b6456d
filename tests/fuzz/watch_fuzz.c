/* watch_fuzz: a LIST's body and a WATCH's give the same objects whatever the pieces they come in,
 * and a list's are those that base/json.h finds in the whole. */
#include "cluster/event_reader.h"
#include "cluster/list_reader.h"
#include "fuzz.h"

/* What was given, as one text, and its end. */
struct record {
    struct arena arena;
    struct buf text;
    size_t count;
    bool is_sound;
    struct error err;
};

static void note(struct record *record, struct bytes text)
{
    buf_add(&record->text, text);
    buf_add_char(&record->text, '\n');
    record->count++;
}

static bool note_item(void *context, struct value object, struct error *err)
{
    (void)err;
    note(context, value_raw(object));
    return true;
}

static bool note_event(void *context, enum watch_event event, struct value object,
                       struct error *err)
{
    struct record *record = context;

    (void)err;
    buf_printf(&record->text, "%d ", (int)event);
    note(record, value_raw(object));
    return true;
}

/* A copy of its own, so that reading past the end is seen. */
static bool feed(struct record *record, struct bytes piece, void *reader,
                 bool (*take)(void *reader, struct bytes piece, struct error *err))
{
    char *copy = malloc(piece.len);
    bool goes_on;

    memcpy(copy, piece.data, piece.len);
    goes_on = take(reader, (struct bytes){copy, piece.len}, &record->err);
    free(copy);
    return goes_on;
}

static bool feed_all(struct record *record, struct bytes text, size_t step, void *reader,
                     bool (*take)(void *reader, struct bytes piece, struct error *err))
{
    while (text.len > 0) {
        size_t len = text.len < step ? text.len : step;

        if (!feed(record, (struct bytes){text.data, len}, reader, take))
            return false;
        text = bytes_tail(text, len);
    }
    return true;
}

static bool take_list(void *reader, struct bytes piece, struct error *err)
{
    return list_reader_feed(reader, piece, err);
}

static bool take_events(void *reader, struct bytes piece, struct error *err)
{
    return event_reader_feed(reader, piece, err);
}

static void init(struct record *record)
{
    *record = (struct record){0};
    buf_init(&record->text, &record->arena, 64 * 1024 * 1024);
}

static void read_list(struct record *record, struct bytes text, size_t step)
{
    struct list_reader reader;
    struct list_end end = {0};

    init(record);
    list_reader_init(&reader, note_item, record);
    record->is_sound = feed_all(record, text, step, &reader, take_list) &&
                       list_reader_end(&reader, &end, &record->err);
    CHECK(record->is_sound == (end.resource_version.len > 0));
    CHECK(record->is_sound == (record->err.text[0] == '\0'));
    if (record->is_sound)
        note(record, end.resource_version);
    list_reader_release(&reader);
}

static void read_events(struct record *record, struct bytes text, size_t step)
{
    struct event_reader reader;

    init(record);
    event_reader_init(&reader, note_event, record);
    record->is_sound = feed_all(record, text, step, &reader, take_events);
    CHECK(record->is_sound == (record->err.text[0] == '\0'));
    event_reader_release(&reader);
}

static void check_same(struct record *a, struct record *b)
{
    CHECK(a->is_sound == b->is_sound);
    CHECK(bytes_equal(buf_bytes(&a->text), buf_bytes(&b->text)));
    CHECK(!strcmp(a->err.text, b->err.text));
    arena_release(&b->arena);
}

static bool are_objects(struct value items)
{
    for (struct value item = value_first(items); value_type(item); item = value_next(item)) {
        if (value_type(item) != VALUE_OBJECT)
            return false;
    }
    return true;
}

/* A list that is sound as a whole is read, and what is read has faults in its items at most. */
static void check_whole(struct record *record, struct bytes text)
{
    struct arena arena = {0};
    struct document document;
    struct value items, root;
    struct record expected;

    init(&expected);
    document_parse(text, 200, &arena, &document);
    root = document_root(&document);
    items = value_member(root, "items");
    if (record->is_sound)
        CHECK(document.grammar == DOCUMENT_SOUND && document.fault != DOCUMENT_TRAILING);
    if (document_is_sound(&document) && !are_objects(items)) {
        CHECK(!record->is_sound);
    } else if (document_is_sound(&document) && record->is_sound) {
        for (struct value item = value_first(items); value_type(item); item = value_next(item))
            note(&expected, value_raw(item));
        note(&expected, value_text(value_path(root, "metadata.resourceVersion")));
        CHECK(bytes_equal(buf_bytes(&expected.text), buf_bytes(&record->text)));
    }
    arena_release(&expected.arena);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t steps[] = {1, 7};
    struct bytes text = {(const char *)data, size};
    struct record list, events, other;

    read_list(&list, text, size);
    read_events(&events, text, size);
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        read_list(&other, text, steps[i]);
        check_same(&list, &other);
        read_events(&other, text, steps[i]);
        check_same(&events, &other);
    }
    check_whole(&list, text);
    arena_release(&list.arena);
    arena_release(&events.arena);
    return 0;
}
