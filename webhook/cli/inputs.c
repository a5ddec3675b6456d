#include "cli/inputs.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"

enum { MAX_INPUT_BYTES = 1024 * 1024 * 1024 };

static bool expand_folder(const char *folder, struct arena *arena, struct strings *out,
                          struct error *err)
{
    static const char *const endings[] = {".yaml", ".yml", ".json", NULL};
    bool has_slash = folder[strlen(folder) - 1] == '/';
    struct strings files = {0};

    if (!file_list(folder, endings, arena, &files, err))
        return false;
    for (size_t i = 0; i < files.count; i++)
        strings_add(out, arena,
                    arena_printf(arena, "%s%s%s", folder, has_slash ? "" : "/", files.items[i]));
    return files.count || error_set(err, "%s: no .yaml, .yml or .json file is in it", folder);
}

bool inputs_expand(const struct strings *operands, struct arena *arena, struct strings *out,
                   struct error *err)
{
    for (size_t i = 0; i < operands->count; i++) {
        const char *operand = operands->items[i];
        struct stat status;

        if (stat(operand, &status) != 0 || !S_ISDIR(status.st_mode))
            strings_add(out, arena, operand);
        else if (!expand_folder(operand, arena, out, err))
            return false;
    }
    return true;
}

static struct bytes skip_mark(struct bytes text)
{
    return bytes_has_prefix(text, BYTES("\xef\xbb\xbf")) ? bytes_tail(text, 3) : text;
}

static struct bytes skip_blanks(struct bytes text)
{
    while (text.len && strchr(" \t\r\n", text.data[0]))
        text = bytes_tail(text, 1);
    return text;
}

static struct bytes take_line(struct bytes *rest)
{
    const char *newline = memchr(rest->data, '\n', rest->len);
    size_t len = newline ? (size_t)(newline - rest->data) : rest->len;
    struct bytes line = {rest->data, len};

    *rest = bytes_tail(*rest, newline ? len + 1 : len);
    return line;
}

/* Nothing but what helm leaves of templates that gave nothing. */
static bool is_empty(struct bytes text)
{
    text = skip_mark(text);
    while (text.len) {
        struct bytes line = skip_blanks(take_line(&text));

        if (bytes_has_prefix(line, BYTES("---")))
            line = skip_blanks(bytes_tail(line, 3));
        while (line.len && strchr(" \t\r", line.data[line.len - 1]))
            line.len--;
        if (line.len && line.data[0] != '#' && !bytes_is(line, "...") && !bytes_is(line, "null"))
            return false;
    }
    return true;
}

bool input_is_review(struct bytes text, struct arena *arena)
{
    struct document document;
    struct value root;

    document_parse(text, 2, arena, &document);
    root = document_root(&document);
    return bytes_is(value_text(value_member(root, "kind")), "AdmissionReview") ||
           value_type(value_member(root, "request")) == VALUE_OBJECT;
}

static bool count_to_two(void *context, struct bytes object, struct error *err)
{
    size_t *count = context;

    (void)object;
    return ++*count < 2 || error_set(err, "another one");
}

/* A review that another object follows is no damaged one. That is asked first: to look for a review
 * takes as much memory again as the text. */
static bool is_one_review(struct bytes text)
{
    struct arena arena = {0};
    struct error ignored;
    size_t count = 0;
    bool is_review;

    if (!texts_objects(text, count_to_two, &count, &ignored) && count == 2)
        return false;
    is_review = input_is_review(text, &arena);
    arena_release(&arena);
    return is_review;
}

/* To whom the objects go. */
struct receiver {
    object_fn each;
    void *context;
};

/* The event of a watch, {"type": "ADDED", "object": {...}}, stands for the object in it. */
static bool give_object(void *context, struct bytes text, struct error *err)
{
    const struct receiver *receiver = context;
    struct arena arena = {0};
    struct document document;
    struct value root, object;

    document_parse(text, 2, &arena, &document);
    root = document_root(&document);
    object = value_member(root, "object");
    if (value_type(object) == VALUE_OBJECT &&
        value_type(value_member(root, "type")) == VALUE_STRING && value_count(root) == 2)
        text = value_raw(object);
    arena_release(&arena);
    return receiver->each(receiver->context, text, err);
}

static bool cut(struct bytes text, object_fn each, void *context, struct error *err)
{
    struct receiver receiver = {each, context};

    if (!text_is_json(text))
        return yaml_objects(text, give_object, &receiver, err);
    if (is_one_review(text))
        return each(context, text, err);
    return texts_objects(text, give_object, &receiver, err);
}

bool input_read(const char *path, object_fn each, void *context, struct error *err)
{
    const char *name = strcmp(path, "-") ? path : "stdin";
    struct arena holder = {0};
    struct bytes text = {0};
    bool is_read = file_read(path, MAX_INPUT_BYTES, &holder, &text, err);

    if (is_read && is_empty(text))
        is_read =
            error_set(err, "%s: neither a manifest nor an AdmissionReview: it is empty", name);
    else if (is_read && !cut(text, each, context, err))
        is_read = error_wrap(err, "%s", name);
    arena_release(&holder);
    return is_read;
}
