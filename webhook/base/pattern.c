#include "base/pattern.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    GLOB_MAX = 253,
    REGEX_MAX = 4096,
    REGEX_TEXT_MAX = 64 * 1024,
    MATCH_LIMIT = 100 * 1000,
    HEAP_LIMIT_KIB = 1024,
    JIT_STACK_START = 32 * 1024,
    JIT_STACK_MAX = 1024 * 1024,
};

bool glob_parse(struct bytes text, struct arena *arena, struct glob *out, struct error *err)
{
    size_t literal = 0;

    if (text.len == 0)
        return error_set(err, "a pattern must not be empty");
    if (text.len > GLOB_MAX)
        return error_set(err, "a pattern has at most %d bytes, this one has %zu", GLOB_MAX,
                         text.len);
    if (memchr(text.data, '\0', text.len))
        return error_set(err, "a pattern must not hold a NUL character");
    while (literal < text.len && text.data[literal] != '*' && text.data[literal] != '?')
        literal++;
    *out = (struct glob){arena_copy(arena, text), literal, literal == text.len};
    return true;
}

bool glob_matches(const struct glob *glob, struct bytes text)
{
    const char *pattern = glob->text + glob->literal, *after_star = NULL;
    size_t at = glob->literal, retry = 0;

    if (!bytes_has_prefix(text, (struct bytes){glob->text, glob->literal}))
        return false;
    /* On a mismatch the last star takes one byte more; earlier stars never need to, because the
     * last one can take whatever they would. */
    while (at < text.len) {
        if (*pattern == '*') {
            after_star = ++pattern;
            retry = at;
        } else if (*pattern && (*pattern == '?' || *pattern == text.data[at])) {
            pattern++;
            at++;
        } else if (after_star) {
            pattern = after_star;
            at = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

/* row[j]: do the rest of `a` and b[j..] have a text in common? `next` is the same for the rest of
 * `a` without its first character; all false at the end of `a`. */
static void overlap_row(const char *a, const char *b, size_t b_len, const bool *next, bool *row)
{
    for (size_t j = b_len + 1; j-- > 0;) {
        if (*a == '*')
            row[j] = next[j] || (j < b_len && row[j + 1]);
        else if (b[j] == '*')
            row[j] = row[j + 1] || next[j];
        else if (*a == '\0' || b[j] == '\0')
            row[j] = *a == b[j];
        else
            row[j] = (*a == b[j] || *a == '?' || b[j] == '?') && next[j + 1];
    }
}

/* row[j]: does every text of inner[j..] match the rest of `outer`? As above. */
static void cover_row(const char *outer, const char *inner, size_t inner_len, const bool *next,
                      bool *row)
{
    for (size_t j = inner_len + 1; j-- > 0;) {
        if (*outer == '*')
            row[j] = next[j] || (j < inner_len && row[j + 1]);
        else if (*outer == '\0' || inner[j] == '\0')
            row[j] = *outer == inner[j];
        else
            row[j] = inner[j] != '*' && (*outer == '?' || *outer == inner[j]) && next[j + 1];
    }
}

static bool compare_globs(const char *a, const char *b,
                          void (*fill)(const char *a, const char *b, size_t b_len, const bool *next,
                                       bool *row))
{
    size_t a_len = strlen(a), b_len = strlen(b);
    bool rows[2][GLOB_MAX + 1] = {0}; /* also the row after the last */

    assert(a_len <= GLOB_MAX && b_len <= GLOB_MAX);
    for (size_t i = a_len + 1; i-- > 0;)
        fill(a + i, b, b_len, rows[(i + 1) % 2], rows[i % 2]);
    return rows[0][0];
}

bool glob_overlaps(const struct glob *a, const struct glob *b)
{
    size_t shared = a->literal < b->literal ? a->literal : b->literal;

    return memcmp(a->text, b->text, shared) == 0 && compare_globs(a->text, b->text, overlap_row);
}

/* `*?` and `?*` mean the same; in one order they compare. */
static void put_marks_first(const char *glob, char *out)
{
    while (*glob) {
        size_t run = strspn(glob, "*?"), marks = 0;

        for (size_t i = 0; i < run; i++)
            marks += glob[i] == '?';
        memset(out, '?', marks);
        out += marks;
        if (marks < run)
            *out++ = '*';
        glob += run;
        if (*glob)
            *out++ = *glob++;
    }
    *out = '\0';
}

bool glob_covers(const struct glob *outer, const struct glob *inner)
{
    char outer_text[GLOB_MAX + 1], inner_text[GLOB_MAX + 1];

    assert(strlen(outer->text) <= GLOB_MAX && strlen(inner->text) <= GLOB_MAX);
    put_marks_first(outer->text, outer_text);
    put_marks_first(inner->text, inner_text);
    return compare_globs(outer_text, inner_text, cover_row);
}

bool globs_match(const struct globs *globs, struct bytes text)
{
    for (size_t i = 0; i < globs->count; i++) {
        if (glob_matches(&globs->items[i], text))
            return true;
    }
    return false;
}

bool globs_overlap(const struct globs *a, const struct globs *b)
{
    for (size_t i = 0; i < a->count; i++) {
        for (size_t j = 0; j < b->count; j++) {
            if (glob_overlaps(&a->items[i], &b->items[j]))
                return true;
        }
    }
    return false;
}

/* What the rest of a text can still match: for each place in the glob, `from` on arriving there,
 * and `within` a run of stars that has begun to take characters. */
struct path_row {
    bool from[PATH_GLOB_MAX + 1], within[PATH_GLOB_MAX + 1];
};

/* Characters of no text: what a star of another glob stands for. */
enum { ANY_CHARACTERS = '\1', ANY_SEGMENTS = '\2' };

/* `c`: the text's next character; `rest`: the row after it, NULL at the text's end. */
static void fill_stars(const char *glob, size_t at, char c, const struct path_row *rest,
                       struct path_row *row)
{
    size_t after = at + strspn(glob + at, "*");
    bool crosses = after - at > 1;
    bool takes = rest && (crosses || (c != '/' && c != ANY_SEGMENTS)) && rest->within[at];

    row->within[at] = row->from[after] || takes;
    row->from[at] = row->within[at];
    /* Whole segments, which may be none: what stands after the slash can come at once. */
    if (crosses && (at == 0 || glob[at - 1] == '/') && glob[after] == '/')
        row->from[at] |= row->from[after + 1];
}

static void fill_path_row(const char *glob, size_t len, char c, const struct path_row *rest,
                          struct path_row *row)
{
    row->from[len] = !rest;
    for (size_t at = len; at-- > 0;) {
        if (glob[at] == '*')
            fill_stars(glob, at, c, rest, row);
        else
            row->from[at] =
                rest && (glob[at] == c || (glob[at] == '?' && c != '/')) && rest->from[at + 1];
    }
}

bool path_glob_matches(const char *glob, struct bytes path)
{
    size_t literal = strcspn(glob, "*?"), len = strlen(glob), tail = len;
    struct path_row rows[2];

    while (tail > literal && glob[tail - 1] != '*' && glob[tail - 1] != '?')
        tail--;
    /* The slash behind stars that stand for no segment goes with them. */
    if (glob[tail] == '/')
        tail++;
    if (!bytes_has_prefix(path, (struct bytes){glob, literal}) ||
        !bytes_has_suffix(path, (struct bytes){glob + tail, len - tail}))
        return false;
    /* The most frequent form needs no table: everything below a path. */
    if (path.len > literal && !strcmp(glob + literal, "**"))
        return true;
    /* The slash before the stars says whether they are whole segments, so it stays. */
    if (literal > 0)
        literal--;
    glob += literal;
    path = bytes_tail(path, literal);
    len -= literal;
    assert(len <= PATH_GLOB_MAX);
    rows[0].from[0] = false; /* always written below, which clang's analyzer does not see */
    fill_path_row(glob, len, '\0', NULL, &rows[path.len % 2]);
    for (size_t i = path.len; i-- > 0;)
        fill_path_row(glob, len, path.data[i], &rows[(i + 1) % 2], &rows[i % 2]);
    return rows[0].from[0];
}

/* The other glob's stars are told as characters that only a star as wide can take. */
bool path_glob_covers(const char *outer, const char *inner)
{
    char text[PATH_GLOB_MAX];
    size_t len = 0;

    assert(strlen(inner) <= PATH_GLOB_MAX);
    while (*inner) {
        size_t stars = strspn(inner, "*");

        text[len++] = stars == 0 ? *inner : stars == 1 ? ANY_CHARACTERS : ANY_SEGMENTS;
        inner += stars ? stars : 1;
    }
    return path_glob_matches(outer, (struct bytes){text, len});
}

/* One of the two globs, read from its end. */
struct stars {
    size_t after; /* where the glob goes on behind them */
    size_t skips; /* where it can go on, too, where they stand for no segment */
    bool crosses;
};

static struct stars stars_at(const char *glob, size_t at)
{
    size_t after = at + strspn(glob + at, "*");
    bool is_whole = after - at > 1 && (at == 0 || glob[at - 1] == '/') && glob[after] == '/';

    return (struct stars){after, is_whole ? after + 1 : after, after - at > 1};
}

/* Can the stars take the other glob's next character? Of its stars they need none. */
static bool stars_take(struct stars stars, char c)
{
    return c && c != '*' && (stars.crosses || c != '/');
}

/* row[j]: have the rest of `a` from `at` on and that of `b` from j on a path in common? `rows` has
 * one for each place in `a`. */
static void overlap_paths(const char *a, size_t at, const char *b, size_t b_len, bool *rows)
{
    size_t width = b_len + 1;
    bool *row = rows + at * width;

    for (size_t j = b_len + 1; j-- > 0;) {
        struct stars left = stars_at(a, at), right = stars_at(b, j);

        row[j] = a[at] == b[j] && a[at] != '*' && (!a[at] || row[width + j + 1]);
        if (a[at] == '*')
            row[j] |= rows[left.after * width + j] || rows[left.skips * width + j] ||
                      (stars_take(left, b[j]) && row[j + 1]);
        if (b[j] == '*')
            row[j] |= row[right.after] || row[right.skips] ||
                      (stars_take(right, a[at]) && row[width + j]);
    }
}

bool path_glob_overlaps(const char *a, const char *b)
{
    size_t a_literal = strcspn(a, "*"), b_literal = strcspn(b, "*");
    size_t a_len = strlen(a), b_len = strlen(b), width = b_len + 1;
    struct arena arena = {0};
    bool *rows, overlaps;

    if (strncmp(a, b, a_literal < b_literal ? a_literal : b_literal) != 0)
        return false;
    rows = arena_alloc(&arena, (a_len + 1) * width * sizeof(*rows));
    for (size_t at = a_len + 1; at-- > 0;)
        overlap_paths(a, at, b, b_len, rows);
    overlaps = rows[0];
    arena_release(&arena);
    return overlaps;
}

struct regex {
    const char *text;
    pcre2_code *code;
};

static void free_code(void *code)
{
    pcre2_code_free(code);
}

static void refuse_regex(int code, size_t offset, struct error *err)
{
    PCRE2_UCHAR words[160] = "";

    pcre2_get_error_message(code, words, sizeof(words));
    error_set(err, "%s at offset %zu", (const char *)words, offset);
}

/* NULL, with `err` set, where pcre2 refuses it. */
static pcre2_code *compile_code(struct bytes pattern, struct error *err)
{
    const uint32_t options = PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY |
                             PCRE2_NEVER_BACKSLASH_C;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    pcre2_code *code;
    size_t offset = 0;
    int problem = PCRE2_ERROR_NOMEMORY;

    if (!context) {
        refuse_regex(problem, offset, err);
        return NULL;
    }
    /* A lone carriage return ends a line, too: it hides text on a terminal as a newline does. */
    pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
    code =
        pcre2_compile((PCRE2_SPTR)pattern.data, pattern.len, options, &problem, &offset, context);
    pcre2_compile_context_free(context);
    if (!code)
        refuse_regex(problem, offset, err);
    return code;
}

bool regex_compile(struct bytes pattern, struct arena *arena, const struct regex **out,
                   struct error *err)
{
    struct regex *regex;
    pcre2_code *code;

    if (pattern.len == 0)
        return error_set(err, "a pattern must not be empty");
    if (pattern.len > REGEX_MAX)
        return error_set(err, "a pattern has at most %d bytes, this one has %zu", REGEX_MAX,
                         pattern.len);
    if (memchr(pattern.data, '\0', pattern.len))
        return error_set(err, "a pattern must not hold a NUL character");
    if (bytes_has_prefix(pattern, BYTES("(*")))
        return error_set(err, "a pattern must not begin with \"(*\", which sets pcre2's options");
    code = compile_code(pattern, err);
    if (!code)
        return false;
    /* Where there is no JIT (none built in, or memory that can't be made executable) the
     * interpreter matches, with the same limits. */
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    arena_on_release(arena, free_code, code);
    regex = arena_alloc(arena, sizeof(*regex));
    *regex = (struct regex){arena_copy(arena, pattern), code};
    *out = regex;
    return true;
}

const char *regex_text(const struct regex *regex)
{
    return regex->text;
}

/* What matching needs beside the code: one a thread, made at its first match and kept until the
 * thread ends, so that a match allocates nothing. */
struct matcher {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

static pthread_key_t matcher_key;
static pthread_once_t matcher_once = PTHREAD_ONCE_INIT;
static bool has_matcher_key;

static void free_matcher(void *what)
{
    struct matcher *matcher = what;

    pcre2_match_data_free(matcher->data);
    pcre2_match_context_free(matcher->context);
    pcre2_jit_stack_free(matcher->stack);
    free(matcher);
}

static void make_matcher_key(void)
{
    has_matcher_key = pthread_key_create(&matcher_key, free_matcher) == 0;
}

static struct matcher *new_matcher(void)
{
    struct matcher *matcher = calloc(1, sizeof(*matcher));

    if (!matcher)
        return NULL;
    matcher->data = pcre2_match_data_create(1, NULL);
    matcher->context = pcre2_match_context_create(NULL);
    matcher->stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, NULL);
    if (!matcher->data || !matcher->context || pthread_setspecific(matcher_key, matcher) != 0) {
        free_matcher(matcher);
        return NULL;
    }
    pcre2_set_match_limit(matcher->context, MATCH_LIMIT);
    pcre2_set_depth_limit(matcher->context, MATCH_LIMIT);
    pcre2_set_heap_limit(matcher->context, HEAP_LIMIT_KIB);
    if (matcher->stack) /* none without JIT */
        pcre2_jit_stack_assign(matcher->context, NULL, matcher->stack);
    return matcher;
}

static struct matcher *this_threads_matcher(void)
{
    struct matcher *matcher;

    pthread_once(&matcher_once, make_matcher_key);
    if (!has_matcher_key)
        return NULL;
    matcher = pthread_getspecific(matcher_key);
    return matcher ? matcher : new_matcher();
}

enum regex_result regex_matches(const struct regex *regex, struct bytes text)
{
    struct matcher *matcher = this_threads_matcher();
    int result;

    if (!matcher || text.len > REGEX_TEXT_MAX)
        return REGEX_ERROR;
    result = pcre2_match(regex->code, (PCRE2_SPTR)(text.len ? text.data : ""), text.len, 0, 0,
                         matcher->data, matcher->context);
    if (result >= 0)
        return REGEX_YES;
    return result == PCRE2_ERROR_NOMATCH ? REGEX_NO : REGEX_ERROR;
}

const char *pattern_library_version(struct arena *arena)
{
    char *text = arena_alloc(arena, (size_t)pcre2_config(PCRE2_CONFIG_VERSION, NULL));

    pcre2_config(PCRE2_CONFIG_VERSION, text);
    return text;
}
