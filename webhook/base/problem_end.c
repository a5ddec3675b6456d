/* Told from the text, as a reader of it would: a problem has one place only. */
#include "base/problem_end.h"

#include "base/node.h"

/* What is looked at before and behind a place: a hostile file is one long line. */
enum { MOST_BYTES = 1024 };

/* To the byte after the closing quote; the end of the text where there is none. */
static size_t skip_quoted(struct bytes text, size_t at)
{
    char quote = text.data[at++];

    for (; at < text.len; at++) {
        if (text.data[at] == '\\' && quote == '"')
            at++;
        else if (text.data[at] == quote && quote == '\'' && at + 1 < text.len &&
                 text.data[at + 1] == quote)
            at++;
        else if (text.data[at] == quote)
            return at + 1;
    }
    return text.len;
}

static bool is_opening(char c)
{
    return c == '[' || c == '{';
}

static bool is_closing(char c)
{
    return c == ']' || c == '}';
}

static size_t skip_collection(struct bytes text)
{
    size_t depth = 0, at = 0;

    while (at < text.len) {
        char c = text.data[at];

        if (c == '"' || c == '\'') {
            at = skip_quoted(text, at);
            continue;
        }
        at++;
        depth += is_opening(c);
        depth -= is_closing(c);
        if (depth == 0)
            return at;
    }
    return text.len;
}

static size_t skip_plain(struct bytes text, bool is_in_collection)
{
    for (size_t at = 0; at < text.len; at++) {
        char c = text.data[at], next = at + 1 < text.len ? text.data[at + 1] : ' ';

        if ((c == ':' && (next == ' ' || next == '\t')) || (c == ' ' && next == '#') ||
            (is_in_collection && (c == ',' || is_closing(c))))
            return at;
    }
    return text.len;
}

/* Is a bracket open that began earlier on the line? */
static bool is_in_collection(struct bytes before)
{
    size_t depth = 0;

    for (size_t i = 0; i < before.len; i++) {
        depth += is_opening(before.data[i]);
        depth -= depth > 0 && is_closing(before.data[i]);
    }
    return depth > 0;
}

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

static struct bytes line_before(const struct cursor *cursor)
{
    size_t from = cursor->at;

    while (from > 0 && cursor->at - from < MOST_BYTES && !is_line_end(cursor->text.data[from - 1]))
        from--;
    return (struct bytes){cursor->text.data + from, cursor->at - from};
}

static struct bytes line_after(const struct cursor *cursor)
{
    size_t to = cursor->at;

    while (to < cursor->text.len && to - cursor->at < MOST_BYTES &&
           !is_line_end(cursor->text.data[to]))
        to++;
    return (struct bytes){cursor->text.data + cursor->at, to - cursor->at};
}

static size_t measure(const struct cursor *cursor)
{
    struct bytes text = line_after(cursor);
    size_t len;

    if (text.len == 0)
        return 0;
    if (text.data[0] == '"' || text.data[0] == '\'')
        len = skip_quoted(text, 0);
    else if (is_opening(text.data[0]))
        len = skip_collection(text);
    else
        len = skip_plain(text, is_in_collection(line_before(cursor)));
    while (len > 0 && (text.data[len - 1] == ' ' || text.data[len - 1] == '\t'))
        len--;
    return len;
}

uint32_t problem_ends_next(struct problem_ends *ends, const struct problem *problem)
{
    struct cursor cursor;
    size_t end;

    if (problem->line == 0)
        return 0;
    if (problem->source != ends->source)
        cursor_init(&ends->cursor, problem->source->text);
    ends->source = problem->source;
    if (!cursor_to_place(&ends->cursor, problem->line, problem->column))
        return problem->column;
    cursor = ends->cursor;
    end = cursor.at + measure(&cursor);
    while (cursor.at < end)
        cursor_step(&cursor);
    return cursor.column;
}
