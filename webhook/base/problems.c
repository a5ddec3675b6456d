/* Places of problems are found by walking the source, one walk for all of them once they are
 * sorted: a hostile file has a hundred thousand mistakes on one long line. */
#include "base/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/node.h"

enum {
    INDENT = 4,
    DOTS = 3,
    MOST_SHOWN = 100,   /* characters of a line, with the dots where it was cut */
    LAST_UNCUT = 90,    /* up to this column a line is shown from its beginning */
    SHOWN_BEFORE = 50,  /* else from so many characters before the caret */
    MOST_CHARACTER = 4, /* bytes */
};

static PRINTF_LIKE(3, 0) void add(struct problems *problems, struct problem problem,
                                  const char *format, va_list args)
{
    va_list again;
    char *text;
    int len;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    text = arena_alloc(problems->arena, (size_t)(len < 0 ? 0 : len) + 1);
    if (len > 0)
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    /* What quotes the set may hold what moves or hides text on a terminal. */
    problem.text = text_clean(problems->arena, bytes_from(text), strlen(text));
    *ARENA_APPEND(problems->arena, problems->items, problems->count) = problem;
    if (!problem.is_warning)
        problems->error_count++;
}

void problems_add(struct problems *problems, const struct node *node, const char *format, ...)
{
    struct problem problem = {.source = node->source, .line = node->line, .column = node->column};
    va_list args;

    va_start(args, format);
    add(problems, problem, format, args);
    va_end(args);
}

void problems_warn(struct problems *problems, const struct node *node, const char *format, ...)
{
    struct problem problem = {.source = node->source,
                              .line = node->line,
                              .column = node->column,
                              .is_warning = true};
    va_list args;

    va_start(args, format);
    add(problems, problem, format, args);
    va_end(args);
}

void problems_add_at(struct problems *problems, const struct source *source, uint32_t line,
                     uint32_t column, const char *format, ...)
{
    struct problem problem = {.source = source, .line = line, .column = column};
    va_list args;

    va_start(args, format);
    add(problems, problem, format, args);
    va_end(args);
}

static int compare_numbers(size_t a, size_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_places(const struct problem *a, const struct problem *b)
{
    int order = strcmp(a->source->name, b->source->name);

    if (!order)
        order = compare_numbers(a->line, b->line);
    if (!order)
        order = compare_numbers(a->column, b->column);
    return order;
}

static int compare_meanings(const struct problem *a, const struct problem *b)
{
    int order = compare_places(a, b);

    if (!order)
        order = compare_numbers(a->is_warning, b->is_warning);
    return order ? order : strcmp(a->text, b->text);
}

/* Both sort pointers into one array, whose order is the order in which they were added. */
static int by_meaning(const void *left, const void *right)
{
    const struct problem *const *a = left, *const *b = right;
    int order = compare_meanings(*a, *b);

    return order ? order : compare_numbers((size_t)*a, (size_t)*b);
}

static int by_place(const void *left, const void *right)
{
    const struct problem *const *a = left, *const *b = right;
    int order = compare_places(*a, *b);

    return order ? order : compare_numbers((size_t)*a, (size_t)*b);
}

void problems_sort(struct problems *problems)
{
    size_t count = problems->count, kept = 0;
    const struct problem **order;
    struct problem *sorted;

    if (count < 2)
        return;
    order = arena_alloc_raw(problems->arena, count * sizeof(const struct problem *));
    sorted = arena_alloc_raw(problems->arena, count * sizeof(*sorted));
    for (size_t i = 0; i < count; i++)
        order[i] = &problems->items[i];
    qsort(order, count, sizeof(const struct problem *), by_meaning);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || compare_meanings(order[kept - 1], order[i]) != 0)
            order[kept++] = order[i];
        else if (!order[i]->is_warning)
            problems->error_count--;
    }
    qsort(order, kept, sizeof(const struct problem *), by_place);
    for (size_t i = 0; i < kept; i++)
        sorted[i] = *order[i];
    memcpy(problems->items, sorted, kept * sizeof(*sorted));
    problems->count = kept;
}

/* Write up to `most` characters of the rest of the line; says how many there were. */
static size_t show_characters(struct cursor *cursor, size_t most, char *out, size_t *len)
{
    size_t count = 0;

    for (; count < most && !cursor_is_at_line_end(cursor); count++) {
        const char *c = cursor->text.data + cursor->at;
        size_t size = text_character(cursor->text, cursor->at);

        if (*c == '\t')
            out[(*len)++] = ' ';
        else if (text_is_control(c, size))
            out[(*len)++] = '?';
        else
            for (size_t i = 0; i < size; i++)
                out[(*len)++] = c[i];
        cursor_step(cursor);
    }
    return count;
}

/* Leave out the line's indentation, but not what the caret stands under. */
static void skip_blanks(struct cursor *cursor, uint32_t column)
{
    while (cursor->column < column && !cursor_is_at_line_end(cursor) &&
           (cursor->text.data[cursor->at] == ' ' || cursor->text.data[cursor->at] == '\t'))
        cursor_step(cursor);
}

static bool is_blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] != ' ')
            return false;
    }
    return true;
}

/* Write the rest of the line, at most `most` characters with the dots; says whether it was cut. */
static bool show_rest(struct cursor *cursor, size_t most, char *out, size_t *len)
{
    size_t uncut;

    show_characters(cursor, most - DOTS, out, len);
    uncut = *len;
    show_characters(cursor, DOTS, out, len);
    if (cursor_is_at_line_end(cursor))
        return false;
    *len = uncut;
    return true;
}

/* `at` is kept from call to call: it only ever moves to where the part that is shown begins. */
static void write_line(const struct problem *problem, struct cursor *at, struct buf *buf)
{
    uint32_t first = problem->column > LAST_UNCUT ? problem->column - SHOWN_BEFORE : 1;
    size_t dots = first > 1 ? DOTS : 0;
    char shown[MOST_SHOWN * MOST_CHARACTER];
    size_t len = 0, start, caret;
    struct cursor cursor;
    bool is_cut;

    if (!cursor_to_place(at, problem->line, first))
        return;
    cursor = *at;
    if (!dots)
        skip_blanks(&cursor, problem->column);
    start = cursor.column;
    is_cut = show_rest(&cursor, MOST_SHOWN - dots, shown, &len);
    if (is_blank(shown, len))
        return;
    /* A place past the line's end is shown at its end. */
    caret = (problem->column < cursor.column ? problem->column : cursor.column) - start;
    buf_printf(buf, "%*s%s%.*s%s\n%*s^\n", INDENT, "", dots ? "..." : "", (int)len, shown,
               is_cut ? "..." : "", INDENT + (int)(dots + caret), "");
}

void problems_write(const struct problems *problems, struct buf *buf)
{
    struct cursor cursor = {0};
    const struct source *source = NULL;

    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];
        const char *mark = problem->is_warning ? "warning: " : "";

        if (problem->line == 0) {
            buf_printf(buf, "%s: %s%s\n", problem->source->name, mark, problem->text);
            continue;
        }
        buf_printf(buf, "%s:%u:%u: %s%s\n", problem->source->name, problem->line, problem->column,
                   mark, problem->text);
        if (problem->source != source)
            cursor_init(&cursor, problem->source->text);
        source = problem->source;
        write_line(problem, &cursor, buf);
    }
}
