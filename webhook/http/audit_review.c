#include "http/audit_review.h"

#include <strings.h>

#include "checks/side_doors.h"

/* What is left out, wherever it stands. docs/audit-log.md has the same table. */
static const struct cut {
    const char *holder; /* the name of what it is a member of, or of the array; NULL: any */
    const char *name;   /* with a '*' before: what has this in it, in upper or lower case; behind:
                         * what begins so */
    enum value_type type;
    bool is_blanked; /* the member stays, with an empty text */
} cuts[] = {
    /* Passwords and tokens; but what asks for devices stays (below). */
    {"env", "value", VALUE_STRING, true},
    {NULL, "env", VALUE_OBJECT},
    {"environment", "value", VALUE_STRING, true},
    {"redisPassword", "value", VALUE_STRING, true},
    {NULL, "runtimeEnv*", VALUE_STRING},
    {NULL, "serveConfigV2", VALUE_STRING},
    /* Command lines have tokens in them, probes have headers. */
    {NULL, "command", VALUE_ARRAY},
    {NULL, "args", VALUE_ARRAY},
    {NULL, "entrypoint", VALUE_STRING},
    {NULL, "lifecycle", VALUE_OBJECT},
    {NULL, "livenessProbe", VALUE_OBJECT},
    {NULL, "readinessProbe", VALUE_OBJECT},
    {NULL, "startupProbe", VALUE_OBJECT},
    /* Drivers take credentials there. */
    {"csi", "volumeAttributes", VALUE_OBJECT},
    {"flexVolume", "options", VALUE_OBJECT},
    /* The whole object as somebody had it. */
    {"annotations", "*last-applied", VALUE_STRING},
    {"annotations", "*last-handled", VALUE_STRING},
    {"annotations", "kapp.k14s.io/original*", VALUE_STRING},
    {"annotations", "objectset.rio.cattle.io/applied", VALUE_STRING},
    /* By their names. */
    {"annotations", "*token", VALUE_STRING},
    {"annotations", "*secret", VALUE_STRING},
    {NULL, "*password", VALUE_STRING},
    /* Large, and read by nothing. */
    {"metadata", "managedFields", VALUE_ARRAY},
    /* Of Secrets and ConfigMaps. */
    {"object", "data", VALUE_OBJECT},
    {"object", "stringData", VALUE_OBJECT},
    {"object", "binaryData", VALUE_OBJECT},
    {"oldObject", "data", VALUE_OBJECT},
    {"oldObject", "stringData", VALUE_OBJECT},
    {"oldObject", "binaryData", VALUE_OBJECT},
    /* What authenticators say of a credential. */
    {"userInfo", "extra", VALUE_OBJECT},
};

static bool has_word(struct bytes name, const char *word)
{
    size_t len = strlen(word);

    for (size_t i = 0; i + len <= name.len; i++) {
        if (strncasecmp(name.data + i, word, len) == 0)
            return true;
    }
    return false;
}

static bool is_named(struct bytes name, const char *pattern)
{
    size_t len = strlen(pattern);

    if (pattern[0] == '*')
        return has_word(name, pattern + 1);
    if (pattern[len - 1] == '*')
        return bytes_has_prefix(name, (struct bytes){pattern, len - 1});
    return bytes_is(name, pattern);
}

/* NULL: the member stays as it is. */
static const struct cut *find_cut(struct value object, struct bytes holder, struct value member)
{
    struct bytes name = value_name(member);

    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        const struct cut *cut = &cuts[i];

        if (cut->type != value_type(member) || !is_named(name, cut->name) ||
            (cut->holder && !bytes_is(holder, cut->holder)))
            continue;
        return cut->is_blanked && door_reads_variable(object) ? NULL : cut;
    }
    return NULL;
}

/* Or of no interest, since there is no room for it. */
static bool is_plain(struct bytes text, const struct buf *buf)
{
    for (size_t i = 0; i < text.len && text.len <= buf->max; i++) {
        if (text.data[i] < ' ' || text.data[i] > '~')
            return false;
    }
    return true;
}

/* What moves or turns the text that a terminal shows is escaped, which means the same in JSON. */
static void add_json(struct buf *buf, struct bytes json)
{
    buf_add(buf, is_plain(json, buf) ? json : bytes_from(text_clean(buf->arena, json, json.len)));
}

static void add_name(struct buf *buf, struct bytes name)
{
    struct buf quoted;

    if (is_plain(name, buf)) {
        buf_add_json(buf, name);
    } else {
        buf_init(&quoted, buf->arena, name.len * 6 + 2);
        buf_add_json(&quoted, name);
        add_json(buf, buf_bytes(&quoted));
    }
    buf_add_char(buf, ':');
}

static void write_value(struct value value, struct bytes holder, struct buf *buf);

static void write_object(struct value object, struct bytes holder, struct buf *buf)
{
    const char *comma = "";

    buf_add_char(buf, '{');
    for (struct value v = value_first(object); value_type(v); v = value_next(v)) {
        const struct cut *cut = find_cut(object, holder, v);

        if (cut && !cut->is_blanked)
            continue;
        buf_add_text(buf, comma);
        comma = ",";
        add_name(buf, value_name(v));
        if (cut)
            buf_add_text(buf, "\"\"");
        else
            write_value(v, value_name(v), buf);
    }
    buf_add_char(buf, '}');
}

static void write_array(struct value array, struct bytes holder, struct buf *buf)
{
    const char *comma = "";

    buf_add_char(buf, '[');
    for (struct value v = value_first(array); value_type(v); v = value_next(v)) {
        buf_add_text(buf, comma);
        comma = ",";
        write_value(v, holder, buf);
    }
    buf_add_char(buf, ']');
}

/* No deeper than a review is read (REVIEW_MAX_DEPTH). */
static void write_value(struct value value, struct bytes holder, struct buf *buf)
{
    if (buf->is_full)
        return;
    if (value_type(value) == VALUE_OBJECT)
        write_object(value, holder, buf);
    else if (value_type(value) == VALUE_ARRAY)
        write_array(value, holder, buf);
    else
        add_json(buf, value_raw(value));
}

void audit_review_write(struct value root, struct buf *buf)
{
    write_value(root, BYTES(""), buf);
}
