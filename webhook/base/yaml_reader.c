#include "base/yaml_reader.h"

#include "base/buf.h"

#define CORE_TAG "tag:yaml.org,2002:"

static void die_out_of_memory(void)
{
    fputs("fairgate: out of memory\n", stderr);
    abort();
}

void reader_init(struct reader *reader, struct bytes text)
{
    static const struct bytes byte_order_mark = BYTES("\xef\xbb\xbf");

    *reader = (struct reader){.text = text};
    if (bytes_has_prefix(text, byte_order_mark))
        reader->text = bytes_tail(text, byte_order_mark.len);
    if (!reader->text.data)
        reader->text = BYTES("");
    if (!yaml_parser_initialize(&reader->parser))
        die_out_of_memory();
    yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader->parser, (const yaml_char_t *)reader->text.data,
                                 reader->text.len);
}

void reader_release(struct reader *reader)
{
    yaml_event_delete(&reader->event);
    yaml_parser_delete(&reader->parser);
}

bool reader_next(struct reader *reader)
{
    yaml_event_delete(&reader->event);
    return yaml_parser_parse(&reader->parser, &reader->event);
}

/* What a beginner runs into, by libyaml's words; what to do about it. */
static const struct hint {
    const char *problem, *context; /* how they begin; NULL: any */
    unsigned char next;            /* the character that libyaml stopped at; 0: any */
    bool is_at_context;            /* where it began is the better place */
    const char *words;
} hints[] = {
    {NULL, "while scanning for the next token", '\t', false, ": a tab can't indent, use blanks"},
    {NULL, "while scanning for the next token", '@', false,
     "; text that begins with it must be in quotes"},
    {NULL, "while scanning for the next token", '`', false,
     "; text that begins with it must be in quotes"},
    {NULL, "while scanning for the next token", '%', false,
     "; text that begins with it must be in quotes"},
    {NULL, "while scanning an alias", 0, false, "; text that begins with \"*\" must be in quotes"},
    {NULL, "while scanning an anchor", 0, false, "; text that begins with \"&\" must be in quotes"},
    {NULL, "while scanning a tag", 0, true, "; text that begins with \"!\" must be in quotes"},
    {"found undefined tag handle", NULL, 0, false,
     "; text that begins with \"!\" must be in quotes"},
    {NULL, "while scanning a directive", 0, true, ""},
    {"mapping values are not allowed", NULL, 0, false,
     "; text with \": \" in it must be in quotes, and members of one map must be indented alike"},
    {"did not find expected key", NULL, 0, false, "; members of one map must be indented alike"},
    {"did not find expected '-' indicator", NULL, 0, false,
     "; entries of one list must be indented alike"},
    {"block sequence entries are not allowed", NULL, 0, false,
     "; a list begins on a line of its own"},
    {"could not find expected ':'", NULL, 0, true, "; a key is followed by \": \""},
    {"found unknown escape character", NULL, 0, false,
     "; in double quotes \"\\\" begins an escape: use single quotes"},
    {NULL, "while scanning a quoted scalar", 0, true, "; the quote is not closed"},
    {"did not find expected <document start>", NULL, 0, false,
     "; documents are divided by \"---\""},
};

static bool begins_with(const char *text, const char *beginning)
{
    return !beginning || (text && strncmp(text, beginning, strlen(beginning)) == 0);
}

static const struct hint *find_hint(const yaml_parser_t *parser)
{
    unsigned char next = parser->unread ? *parser->buffer.pointer : 0;

    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        if (begins_with(parser->problem, hints[i].problem) &&
            begins_with(parser->context, hints[i].context) &&
            (!hints[i].next || hints[i].next == next))
            return &hints[i];
    }
    return NULL;
}

/* Where the text just ends, what was begun and never ended is the better place. */
static bool is_begun_and_never_ended(const yaml_parser_t *parser)
{
    bool is_at_end = parser->eof && (parser->unread == 0 || *parser->buffer.pointer == '\0');

    return strstr(parser->problem, "end of stream") ||
           (is_at_end && parser->problem_mark.index == parser->mark.index);
}

static void word_fault(const yaml_parser_t *parser, struct arena *arena, struct reader_fault *out)
{
    const struct hint *hint = find_hint(parser);
    bool is_elsewhere;
    struct buf buf;

    if (parser->context && (is_begun_and_never_ended(parser) || (hint && hint->is_at_context)))
        out->at = parser->context_mark;
    is_elsewhere = parser->context && parser->context_mark.line != out->at.line;
    buf_init(&buf, arena, 1024);
    buf_printf(&buf, "not valid YAML: %s", parser->problem);
    if (parser->context)
        buf_printf(&buf, ", %s", parser->context);
    if (is_elsewhere)
        buf_printf(&buf, " that began on line %zu", parser->context_mark.line + 1);
    buf_add_text(&buf, hint ? hint->words : "");
    out->words = buf.data;
}

void reader_fault(const struct reader *reader, struct arena *arena, struct reader_fault *out)
{
    const yaml_parser_t *parser = &reader->parser;

    *out = (struct reader_fault){.at = parser->problem_mark};
    if (parser->error == YAML_READER_ERROR) {
        out->has_offset = true;
        out->offset = parser->problem_offset;
        out->words = arena_printf(arena, "not valid YAML: %s", parser->problem);
        return;
    }
    if (!parser->problem) {
        out->at = parser->mark;
        out->words = "not enough memory to read it";
        return;
    }
    word_fault(parser, arena, out);
}

bool reader_has_many_tag_directives(struct bytes text)
{
    size_t count = 0;

    for (size_t at = 0; at < text.len && count <= READER_MOST_TAG_DIRECTIVES; at++) {
        const char *found = memchr(text.data + at, '%', text.len - at);

        if (!found)
            break;
        at = (size_t)(found - text.data);
        count += bytes_has_prefix(bytes_tail(text, at), BYTES("%TAG"));
    }
    return count > READER_MOST_TAG_DIRECTIVES;
}

struct bytes reader_scalar_text(const yaml_event_t *event)
{
    return (struct bytes){(const char *)event->data.scalar.value, event->data.scalar.length};
}

static bool refuse_tag(const char *tag, struct error *err)
{
    bool is_core = strncmp(tag, CORE_TAG, strlen(CORE_TAG)) == 0;
    const char *name = is_core ? tag + strlen(CORE_TAG) : tag;
    struct arena arena = {0};

    error_set(err, "the tag %s%s is not supported%s", is_core ? "!!" : "",
              text_quote(&arena, bytes_from(name)),
              *name == '!' ? "; text that begins with \"!\" must be in quotes" : "");
    arena_release(&arena);
    return false;
}

/* What a tag makes of a scalar. */
static bool kind_by_tag(const char *name, struct bytes text, enum node_kind *out)
{
    enum node_kind natural = scalar_kind(text);

    if (strcmp(name, "str") == 0)
        *out = NODE_STRING;
    else if (strcmp(name, "null") == 0 && natural == NODE_NULL)
        *out = NODE_NULL;
    else if (strcmp(name, "bool") == 0 && natural == NODE_BOOL)
        *out = NODE_BOOL;
    else if (strcmp(name, "int") == 0 && natural == NODE_INTEGER)
        *out = NODE_INTEGER;
    else if (strcmp(name, "float") == 0 && (natural == NODE_INTEGER || natural == NODE_FLOAT))
        *out = NODE_FLOAT;
    else
        return false;
    return true;
}

static bool is_scalar_tag(const char *name)
{
    static const char *const names[] = {"str", "null", "bool", "int", "float"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

bool reader_scalar_kind(const yaml_event_t *event, enum node_kind *out, struct error *err)
{
    const char *tag = (const char *)event->data.scalar.tag;
    bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct bytes text = reader_scalar_text(event);

    if (!tag || strcmp(tag, "!") == 0) {
        *out = is_plain && !tag ? scalar_kind(text) : NODE_STRING;
        return true;
    }
    if (strncmp(tag, CORE_TAG, strlen(CORE_TAG)) != 0 || !is_scalar_tag(tag + strlen(CORE_TAG)))
        return refuse_tag(tag, err);
    if (!kind_by_tag(tag + strlen(CORE_TAG), text, out)) {
        struct arena arena = {0};

        error_set(err, "\"%s\" is no value for the tag !!%s", text_quote(&arena, text),
                  tag + strlen(CORE_TAG));
        arena_release(&arena);
        return false;
    }
    return true;
}

bool reader_check_collection_tag(const yaml_event_t *event, struct error *err)
{
    bool is_map = event->type == YAML_MAPPING_START_EVENT;
    const char *tag =
        (const char *)(is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag);

    if (!tag || strcmp(tag, "!") == 0 || strcmp(tag, is_map ? CORE_TAG "map" : CORE_TAG "seq") == 0)
        return true;
    return refuse_tag(tag, err);
}

bool reader_is_merge_key(const yaml_event_t *event)
{
    return event->type == YAML_SCALAR_EVENT &&
           event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !event->data.scalar.tag &&
           bytes_is(reader_scalar_text(event), "<<");
}

struct bytes reader_anchor(const yaml_event_t *event)
{
    const yaml_char_t *name = NULL;

    if (event->type == YAML_SCALAR_EVENT)
        name = event->data.scalar.anchor;
    else if (event->type == YAML_SEQUENCE_START_EVENT)
        name = event->data.sequence_start.anchor;
    else if (event->type == YAML_MAPPING_START_EVENT)
        name = event->data.mapping_start.anchor;
    else if (event->type == YAML_ALIAS_EVENT)
        name = event->data.alias.anchor;
    return bytes_from((const char *)name);
}

static bool is_one_of(struct bytes text, const char *const *words)
{
    while (*words && !bytes_is(text, *words))
        words++;
    return *words != NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_digits(struct bytes text, size_t at)
{
    while (at < text.len && is_digit(text.data[at]))
        at++;
    return at;
}

static bool is_based_integer(struct bytes text)
{
    bool is_hex = bytes_has_prefix(text, BYTES("0x"));
    size_t at = 2;

    if (text.len < 3 || (!is_hex && !bytes_has_prefix(text, BYTES("0o"))))
        return false;
    for (; at < text.len; at++) {
        char c = text.data[at];
        char folded = (char)(c | 0x20);

        if (is_hex ? !is_digit(c) && (folded < 'a' || folded > 'f') : c < '0' || c > '7')
            return false;
    }
    return true;
}

/* [0-9]+ or a float without sign: (\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static enum node_kind unsigned_number_kind(struct bytes text)
{
    size_t whole = skip_digits(text, 0);
    size_t at = whole;
    size_t digits;

    if (whole > 0 && whole == text.len)
        return NODE_INTEGER;
    if (at < text.len && text.data[at] == '.') {
        at = skip_digits(text, at + 1);
        if (whole == 0 && at == 1)
            return NODE_STRING;
    }
    if (at == 0 || at == text.len)
        return at ? NODE_FLOAT : NODE_STRING;
    if (text.data[at] != 'e' && text.data[at] != 'E')
        return NODE_STRING;
    at++;
    if (at < text.len && (text.data[at] == '-' || text.data[at] == '+'))
        at++;
    digits = skip_digits(text, at);
    return digits > at && digits == text.len ? NODE_FLOAT : NODE_STRING;
}

static enum node_kind number_kind(struct bytes text)
{
    static const char *const not_a_number[] = {".nan", ".NaN", ".NAN", NULL};
    static const char *const infinity[] = {".inf", ".Inf", ".INF", NULL};
    bool has_sign = text.data[0] == '-' || text.data[0] == '+';
    struct bytes rest = bytes_tail(text, has_sign);

    if (is_one_of(text, not_a_number) || is_one_of(rest, infinity))
        return NODE_FLOAT;
    if (is_based_integer(text))
        return NODE_INTEGER;
    return unsigned_number_kind(rest);
}

enum node_kind scalar_kind(struct bytes text)
{
    static const char *const nulls[] = {"null", "Null", "NULL", "~", NULL};
    static const char *const bools[] = {"true", "True", "TRUE", "false", "False", "FALSE", NULL};

    if (text.len == 0)
        return NODE_NULL;
    switch (text.data[0]) {
    case '~':
    case 'n':
    case 'N':
        return is_one_of(text, nulls) ? NODE_NULL : NODE_STRING;
    case 't':
    case 'T':
    case 'f':
    case 'F':
        return is_one_of(text, bools) ? NODE_BOOL : NODE_STRING;
    case '-':
    case '+':
    case '.':
        return number_kind(text);
    default:
        return is_digit(text.data[0]) ? number_kind(text) : NODE_STRING;
    }
}

bool scalar_is_json_number(struct bytes text)
{
    struct bytes rest = text.len && text.data[0] == '-' ? bytes_tail(text, 1) : text;
    size_t whole = skip_digits(rest, 0);

    if (whole == 0 || (rest.data[0] == '0' && whole > 1))
        return false;
    if (whole < rest.len && rest.data[whole] == '.' && skip_digits(rest, whole + 1) == whole + 1)
        return false;
    return unsigned_number_kind(rest) != NODE_STRING;
}
