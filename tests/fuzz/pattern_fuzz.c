/* pattern_fuzz: two patterns and a text, a line each. What one text shows must agree with what is
 * said of all texts. */
#include "base/pattern.h"
#include "fuzz.h"

static struct bytes cut_line(struct bytes *text)
{
    const char *newline = text->len ? memchr(text->data, '\n', text->len) : NULL;
    size_t len = newline ? (size_t)(newline - text->data) : text->len;
    struct bytes line = {text->data, len};

    *text = bytes_tail(*text, newline ? len + 1 : len);
    return line;
}

static void check_globs(struct bytes first, struct bytes second, struct bytes text,
                        struct arena *arena)
{
    struct glob a, b;
    struct error err;

    if (!glob_parse(first, arena, &a, &err) || !glob_parse(second, arena, &b, &err)) {
        CHECK(err.text[0]);
        return;
    }
    CHECK(glob_overlaps(&a, &a) && glob_covers(&a, &a));
    CHECK(glob_overlaps(&a, &b) == glob_overlaps(&b, &a));
    CHECK(!glob_covers(&a, &b) || glob_overlaps(&a, &b));
    CHECK(!glob_matches(&a, text) || !glob_matches(&b, text) || glob_overlaps(&a, &b));
    CHECK(!glob_matches(&b, text) || !glob_covers(&a, &b) || glob_matches(&a, text));
    CHECK(!a.is_exact || glob_matches(&a, text) == bytes_equal(first, text));
}

static void check_path_glob(struct bytes glob, struct bytes text, struct arena *arena)
{
    const char *pattern = arena_copy(arena, glob);
    struct glob flat;
    struct error err;
    bool matches;

    if (glob.len > PATH_GLOB_MAX)
        return;
    matches = path_glob_matches(pattern, text);
    /* Where stars can't stand for a slash too many, a glob that knows no slashes matches as well.
     */
    if (matches && !strstr(pattern, "**/") && glob_parse(bytes_from(pattern), arena, &flat, &err))
        CHECK(glob_matches(&flat, text));
    CHECK(matches || strspn(pattern, "*") < 2 || pattern[2]);
}

static void check_regex(struct bytes pattern, struct bytes text, struct arena *arena)
{
    const struct regex *regex;
    enum regex_result result;
    struct error err;

    if (!regex_compile(pattern, arena, &regex, &err)) {
        CHECK(err.text[0]);
        return;
    }
    CHECK(bytes_is(pattern, regex_text(regex)));
    result = regex_matches(regex, text);
    CHECK(result == regex_matches(regex, text));
    CHECK(text.len <= 64 * 1024 || result == REGEX_ERROR);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = {(const char *)data, size};
    struct bytes first = cut_line(&text), second = cut_line(&text);
    struct arena arena = {0};

    check_globs(first, second, text, &arena);
    check_path_glob(first, text, &arena);
    check_regex(first, text, &arena);
    arena_release(&arena);
    return 0;
}
