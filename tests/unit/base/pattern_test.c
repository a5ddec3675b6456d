#include "base/pattern.h"
#include "unit/unit.h"

static struct glob glob_of(const char *text, struct arena *arena)
{
    struct glob glob;
    struct error err;

    assert_true(glob_parse(bytes_from(text), arena, &glob, &err));
    return glob;
}

static void globs_match_whole_names(void **state)
{
    static const struct {
        const char *glob, *text;
        bool matches;
    } rows[] = {
        {"a", "a", true},
        {"a", "", false},
        {"a", "ab", false},
        {"a", "A", false},
        {"ab", "a", false},
        {"*", "", true},
        {"*", "a/b.c", true},
        {"**", "", true},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"?*", "", false},
        {"?*", "a", true},
        {"research-*", "research-", true},
        {"research-*", "research-a", true},
        {"research-*", "research", false},
        {"research-*", "xresearch-a", false},
        {"*-dev", "team-dev", true},
        {"*-dev", "team-dev-x", false},
        {"*-dev", "dev-dev-dev", true},
        {"a*b*c", "abc", true},
        {"a*b*c", "abbcbc", true},
        {"a*b*c", "acb", false},
        {"*aab*", "aaab", true},
        {"*ab?d*", "xxabab1dyy", true},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"[a]", "a", false},
        {"[a]", "[a]", true},
        {"a\\*", "a\\b", true},
        {"nvidia.com/mig-*", "nvidia.com/mig-1g.5gb", true},
        {"nvidia.com/mig-*", "nvidiaXcom/mig-1g.5gb", false},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct glob glob = glob_of(rows[i].glob, &arena);

        assert_int_equal(glob_matches(&glob, bytes_from(rows[i].text)), rows[i].matches);
    }
    arena_release(&arena);
}

static void a_glob_knows_its_literal_part(void **state)
{
    struct arena arena = {0};
    char text[255];
    struct glob glob;
    struct error err;

    glob = glob_of("research-*x", &arena);
    assert_int_equal(glob.literal, 9);
    assert_false(glob.is_exact);
    glob = glob_of("a?", &arena);
    assert_int_equal(glob.literal, 1);
    assert_false(glob.is_exact);
    glob = glob_of("abc", &arena);
    assert_int_equal(glob.literal, 3);
    assert_true(glob.is_exact);

    memset(text, 'a', sizeof(text));
    assert_true(glob_parse((struct bytes){text, 253}, &arena, &glob, &err));
    assert_false(glob_parse((struct bytes){text, 254}, &arena, &glob, &err));
    assert_string_equal(err.text, "a pattern has at most 253 bytes, this one has 254");
    assert_false(glob_parse(BYTES(""), &arena, &glob, &err));
    assert_string_equal(err.text, "a pattern must not be empty");
    assert_false(glob_parse(BYTES("a\0b"), &arena, &glob, &err));
    arena_release(&arena);
}

static void many_stars_take_no_longer(void **state)
{
    char stars[253], text[100000];
    struct arena arena = {0};
    struct glob glob;
    struct error err;

    for (size_t i = 0; i < sizeof(stars); i++)
        stars[i] = i % 2 ? 'a' : '*';
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = 'b';
    assert_true(glob_parse((struct bytes){stars, 252}, &arena, &glob, &err));
    assert_false(glob_matches(&glob, (struct bytes){text, sizeof(text)}));
    assert_true(glob_matches(&glob, (struct bytes){text, sizeof(text) - 1}));
    assert_true(glob_overlaps(&glob, &glob));
    arena_release(&arena);
}

static void overlap_and_covering_by_hand(void **state)
{
    static const struct {
        const char *a, *b;
        bool overlap, a_covers_b, b_covers_a;
    } rows[] = {
        {"a", "a", true, true, true},
        {"a", "b", false, false, false},
        {"*", "research-*", true, true, false},
        {"research", "research-*", false, false, false},
        {"research-*", "research-a*", true, true, false},
        {"research-*", "*-dev", true, false, false},
        {"a*", "*b", true, false, false},
        {"a*a", "a", false, false, false},
        {"a*a", "aa", true, true, false},
        {"a?", "?b", true, false, false},
        {"a?", "b*", false, false, false},
        {"?*", "*?", true, true, true},
        {"*??*", "???*", true, true, false},
        {"a**b", "a*b", true, true, true},
        {"?", "*", true, false, true},
        {"team-?", "team-10", false, false, false},
        {"*a*b*", "*b*a*", true, false, false},
        {"prod-*-eu", "prod-*-us", false, false, false},
        {"mig-1g.*", "mig-?g.5gb", true, false, false},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct glob a = glob_of(rows[i].a, &arena), b = glob_of(rows[i].b, &arena);

        assert_int_equal(glob_overlaps(&a, &b), rows[i].overlap);
        assert_int_equal(glob_overlaps(&b, &a), rows[i].overlap);
        assert_int_equal(glob_covers(&a, &b), rows[i].a_covers_b);
        assert_int_equal(glob_covers(&b, &a), rows[i].b_covers_a);
    }
    arena_release(&arena);
}

static void lists_match_if_one_of_them_does(void **state)
{
    struct arena arena = {0};
    struct glob items[] = {glob_of("a*", &arena), glob_of("b", &arena)};
    struct glob others[] = {glob_of("c", &arena), glob_of("?", &arena)};
    struct globs globs = {items, 2}, none = {0}, other = {others, 1}, both = {others, 2};

    assert_true(globs_match(&globs, BYTES("b")));
    assert_false(globs_match(&globs, BYTES("c")));
    assert_false(globs_match(&none, BYTES("")));
    assert_false(globs_overlap(&globs, &other));
    assert_true(globs_overlap(&globs, &both));
    assert_false(globs_overlap(&globs, &none));
    arena_release(&arena);
}

static bool naive_glob(const char *glob, const char *text)
{
    if (*glob == '*')
        return naive_glob(glob + 1, text) || (*text && naive_glob(glob, text + 1));
    if (*glob == '\0' || *text == '\0')
        return *glob == *text;
    return (*glob == '?' || *glob == *text) && naive_glob(glob + 1, text + 1);
}

/* Every text over `letters` of at most `most` of them, the empty one first. Returns how many. */
static size_t make_texts(const char *letters, size_t most, char (*out)[10])
{
    size_t count = 1, from = 0;

    out[0][0] = '\0';
    for (size_t len = 0; len < most; len++) {
        size_t to = count;

        for (; from < to; from++) {
            for (const char *letter = letters; *letter; letter++) {
                memcpy(out[count], out[from], len);
                out[count][len] = *letter;
                out[count++][len + 1] = '\0';
            }
        }
    }
    return count;
}

/* Globs of at most four characters overlap, if at all, in a text of at most eight. */
enum { GLOBS = 1 + 4 + 16 + 64 + 256, TEXTS = 511 };
static char all_globs[GLOBS][10], all_texts[TEXTS][10];
static bool expected[GLOBS][TEXTS];

static void globs_agree_with_brute_force(void **state)
{
    struct arena arena = {0};
    struct glob globs[GLOBS];

    assert_int_equal(make_texts("ab*?", 4, all_globs), GLOBS);
    assert_int_equal(make_texts("ab", 8, all_texts), TEXTS);
    for (size_t g = 1; g < GLOBS; g++) {
        globs[g] = glob_of(all_globs[g], &arena);
        for (size_t t = 0; t < TEXTS; t++) {
            expected[g][t] = naive_glob(all_globs[g], all_texts[t]);
            assert_int_equal(glob_matches(&globs[g], bytes_from(all_texts[t])), expected[g][t]);
        }
    }
    for (size_t a = 1; a < GLOBS; a++) {
        for (size_t b = 1; b < GLOBS; b++) {
            bool overlap = false, covers = true;

            for (size_t t = 0; t < TEXTS; t++) {
                overlap |= expected[a][t] && expected[b][t];
                covers &= expected[a][t] || !expected[b][t];
            }
            assert_int_equal(glob_overlaps(&globs[a], &globs[b]), overlap);
            assert_true(covers || !glob_covers(&globs[a], &globs[b]));
        }
    }
    arena_release(&arena);
}

static void path_globs_know_segments(void **state)
{
    static const struct {
        const char *glob, *path;
        bool matches;
    } rows[] = {
        {"a/b", "a/b", true},
        {"a/b", "a/bc", false},
        {"a/*", "a/b", true},
        {"a/*", "a/b/c", false},
        {"a/*", "a/", true},
        {"a/?", "a/b", true},
        {"a?b", "a/b", false},
        {"*", "a", true},
        {"*", "a/b", false},
        {"*/*", "a/b", true},
        {"a/**", "a/b", true},
        {"a/**", "a/b/c", true},
        {"a/**", "a", false},
        {"a/**", "ab/c", false},
        {"**", "a/b/c", true},
        {"**", "", true},
        {"**/c", "a/b/c", true},
        {"**/c", "c", true},
        {"**/c", "a/bc", false},
        {"a/**/d", "a/b/c/d", true},
        {"a/**/d", "a/d", true},
        {"a/**/d", "a/bd", false},
        {"a/**/d", "ad", false},
        {"a/**/**/d", "a/d", true},
        {"a/b**d", "a/b/c/d", true},
        {"a/b**d", "a/bd", true},
        {"a**/d", "a/d", true},
        {"a**/d", "ad", false},
        {"a/***", "a/b/c", true},
        {"**/*-internal", "x.io/team/app-internal", true},
        {"**/*-internal", "x.io/team/app-internal/y", false},
        {"x.io/ml/**", "x.io/ml-evil/y", false},
        {"x.io/**", "x.io.evil.io/y", false},
        {"*.x.io/**", "a.x.io/b", true},
        {"*.x.io/**", "evil.io/a.x.io/b", false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_int_equal(path_glob_matches(rows[i].glob, bytes_from(rows[i].path)),
                         rows[i].matches);
}

static bool naive_path_glob(const char *start, const char *glob, const char *path)
{
    size_t stars = strspn(glob, "*");
    const char *after = glob + stars;

    if (stars == 0 && (!*glob || !*path))
        return *glob == *path;
    if (stars == 0)
        return (*glob == *path || (*glob == '?' && *path != '/')) &&
               naive_path_glob(start, glob + 1, path + 1);
    if (stars > 1 && (glob == start || glob[-1] == '/') && *after == '/' &&
        naive_path_glob(start, after + 1, path))
        return true;
    for (;; path++) {
        if (naive_path_glob(start, after, path))
            return true;
        if (!*path || (stars == 1 && *path == '/'))
            return false;
    }
}

static void path_globs_agree_with_a_naive_matcher(void **state)
{
    static char globs[1 + 4 + 16 + 64 + 256 + 1024 + 4096][10],
        paths[1 + 3 + 9 + 27 + 81 + 243][10];
    size_t glob_count = make_texts("a/*?", 6, globs), path_count = make_texts("ab/", 5, paths);

    for (size_t g = 0; g < glob_count; g++) {
        for (size_t p = 0; p < path_count; p++)
            assert_int_equal(path_glob_matches(globs[g], bytes_from(paths[p])),
                             naive_path_glob(globs[g], globs[g], paths[p]));
    }
}

/* Path globs of at most four characters overlap, if at all, in a path of at most six. */
enum { PATH_GLOBS = 1 + 4 + 16 + 64 + 256, PATHS = 1 + 3 + 9 + 27 + 81 + 243 + 729 };

static void path_globs_are_compared_on_the_safe_side(void **state)
{
    static char globs[PATH_GLOBS][10], paths[PATHS][10];
    static bool matches[PATH_GLOBS][PATHS];

    (void)state;
    assert_int_equal(make_texts("ab/*", 4, globs), PATH_GLOBS);
    assert_int_equal(make_texts("ab/", 6, paths), PATHS);
    for (size_t g = 0; g < PATH_GLOBS; g++) {
        for (size_t t = 0; t < PATHS; t++)
            matches[g][t] = path_glob_matches(globs[g], bytes_from(paths[t]));
    }
    for (size_t a = 0; a < PATH_GLOBS; a++) {
        for (size_t b = 0; b < PATH_GLOBS; b++) {
            bool overlap = false, covers = true;

            for (size_t t = 0; t < PATHS; t++) {
                overlap |= matches[a][t] && matches[b][t];
                covers &= matches[a][t] || !matches[b][t];
            }
            assert_true(path_glob_overlaps(globs[a], globs[b]) || !overlap);
            assert_true(covers || !path_glob_covers(globs[a], globs[b]));
        }
    }
}

static void path_globs_that_people_write_are_compared_exactly(void **state)
{
    static const struct {
        const char *a, *b;
        bool covers, overlaps; /* the first the second; each other */
    } rows[] = {
        {"x.io/**", "x.io/ml/*", true, true},
        {"x.io/**", "x.io/**", true, true},
        {"x.io/ml/*", "x.io/**", false, true},
        {"x.io/*", "x.io/ml/*", false, false},
        {"x.io/*", "x.io/train", true, true},
        {"x.io/*/*", "x.io/**", false, true},
        {"x.io/**/train", "x.io/ml/*/train", true, true},
        {"x.io/**/train", "x.io/train", true, true},
        {"x.io/**/train", "x.io/ml/*", false, true},
        {"**", "x.io/**/a", true, true},
        {"**/*-internal", "x.io/ml/*", false, true},
        {"**/*-internal", "x.io/ml/train", false, false},
        {"**/*-internal", "x.io/ml/*-internal", true, true},
        {"**/*-internal", "x.io/**/a-internal", true, true},
        {"y.io/**", "x.io/**", false, false},
        {"x.io/a*", "x.io/b*", false, false},
        {"x.io/*a", "x.io/*b", false, false},
        {"x.io/ml*", "x.io/ml", true, true},
        {"x.io/ml*", "x.io/mlops/*", false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(path_glob_covers(rows[i].a, rows[i].b), rows[i].covers);
        assert_int_equal(path_glob_overlaps(rows[i].a, rows[i].b), rows[i].overlaps);
        assert_int_equal(path_glob_overlaps(rows[i].b, rows[i].a), rows[i].overlaps);
    }
}

static void many_stars_in_a_path_take_no_longer(void **state)
{
    char glob[PATH_GLOB_MAX + 1], path[2048];

    for (size_t i = 0; i < PATH_GLOB_MAX; i++)
        glob[i] = "**a/*a"[i % 6];
    glob[PATH_GLOB_MAX] = '\0';
    for (size_t i = 0; i < sizeof(path); i++)
        path[i] = "aaa/"[i % 4];
    path[sizeof(path) - 1] = 'b';
    assert_false(path_glob_matches(glob, (struct bytes){path, sizeof(path)}));
}

static void regexes_match_the_whole_value(void **state)
{
    static const struct {
        const char *pattern;
        struct bytes text;
        enum regex_result result;
    } rows[] = {
        {"CC-[0-9]+", BYTES("CC-4711"), REGEX_YES},
        {"CC-[0-9]+", BYTES("xCC-4711"), REGEX_NO},
        {"CC-[0-9]+", BYTES("CC-4711x"), REGEX_NO},
        {"CC-[0-9]+", BYTES("CC-4711\n"), REGEX_NO},
        {"^CC-[0-9]+$", BYTES("CC-4711\n"), REGEX_NO},
        {"CC-[0-9]+\\Z", BYTES("CC-4711\n"), REGEX_NO},
        {"(?m)^abc$", BYTES("evil\nabc"), REGEX_NO},
        {"(?m)^abc$", BYTES("abc\nevil"), REGEX_NO},
        {"a|ab", BYTES("ab"), REGEX_YES},
        {"a|b", BYTES("ab"), REGEX_NO},
        {"a|b", BYTES("b"), REGEX_YES},
        {".+", BYTES("one line"), REGEX_YES},
        {".+", BYTES("two\nlines"), REGEX_NO},
        {".+", BYTES("two\rlines"), REGEX_NO},
        {".+", BYTES(""), REGEX_NO},
        {".*", BYTES(""), REGEX_YES},
        {".*", {NULL, 0}, REGEX_YES},
        {"(?s).+", BYTES("two\nlines"), REGEX_YES},
        {"(?i)abc", BYTES("ABC"), REGEX_YES},
        {"abc", BYTES("ABC"), REGEX_NO},
        {"a.c", BYTES("a\0c"), REGEX_YES},
        {"a", BYTES("a\0"), REGEX_NO},
        {".", BYTES("\xc3\xa9"), REGEX_YES},
        {"\\x{1F600}", BYTES("\xf0\x9f\x98\x80"), REGEX_YES},
        {".*", BYTES("\xff"), REGEX_ERROR},
        {"a", BYTES("\xed\xa0\x80"), REGEX_ERROR},
        {"a(?=b)", BYTES("ab"), REGEX_NO},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct regex *regex;
        struct error err;

        assert_true(regex_compile(bytes_from(rows[i].pattern), &arena, &regex, &err));
        assert_string_equal(regex_text(regex), rows[i].pattern);
        assert_int_equal(regex_matches(regex, rows[i].text), rows[i].result);
    }
    arena_release(&arena);
}

static void regexes_that_are_refused(void **state)
{
    static char long_pattern[4097];
    const struct {
        struct bytes pattern;
        const char *error;
    } rows[] = {
        {BYTES(""), "must not be empty"},
        {{long_pattern, 4097}, "at most 4096 bytes, this one has 4097"},
        {BYTES("(*UTF)a"), "must not begin with \"(*\""},
        {BYTES("(*LIMIT_MATCH=1)a"), "must not begin with \"(*\""},
        {BYTES("a\0b"), "NUL"},
        {BYTES("a\\C"), "at offset 3"},
        {BYTES("a(b"), "missing closing parenthesis at offset 3"},
        {BYTES("ab)"), "unmatched closing parenthesis at offset 2"},
        {BYTES("[a-"), "missing terminating ] for character class at offset 3"},
        {BYTES("*a"), "at offset 0"},
        {BYTES("\xff"), "at offset 0"},
        {BYTES("((((a{1,999}){1,999}){1,999}){1,999})"), "too large"},
    };
    struct arena arena = {0};

    memset(long_pattern, 'a', sizeof(long_pattern));
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct regex *regex = NULL;
        struct error err;

        assert_false(regex_compile(rows[i].pattern, &arena, &regex, &err));
        assert_non_null(strstr(err.text, rows[i].error));
        assert_null(regex);
    }
    arena_release(&arena);
}

static enum regex_result match(const char *pattern, struct bytes text)
{
    struct arena arena = {0};
    const struct regex *regex;
    struct error err;
    enum regex_result result;

    assert_true(regex_compile(bytes_from(pattern), &arena, &regex, &err));
    result = regex_matches(regex, text);
    arena_release(&arena);
    return result;
}

static void a_regex_has_bounded_effort(void **state)
{
    static char text[64 * 1024 + 1];

    memset(text, 'a', sizeof(text));
    assert_int_equal(match("a*", (struct bytes){text, sizeof(text) - 1}), REGEX_YES);
    assert_int_equal(match("a*", (struct bytes){text, sizeof(text)}), REGEX_ERROR);
    assert_int_equal(match("a*b", (struct bytes){text, sizeof(text) - 1}), REGEX_NO);
    text[40] = 'b';
    assert_int_equal(match("(a+)+", (struct bytes){text, 41}), REGEX_ERROR);
    assert_int_equal(match("(a|aa)+", (struct bytes){text, 41}), REGEX_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(globs_match_whole_names),
        cmocka_unit_test(a_glob_knows_its_literal_part),
        cmocka_unit_test(many_stars_take_no_longer),
        cmocka_unit_test(overlap_and_covering_by_hand),
        cmocka_unit_test(lists_match_if_one_of_them_does),
        cmocka_unit_test(globs_agree_with_brute_force),
        cmocka_unit_test(path_globs_know_segments),
        cmocka_unit_test(path_globs_agree_with_a_naive_matcher),
        cmocka_unit_test(path_globs_are_compared_on_the_safe_side),
        cmocka_unit_test(path_globs_that_people_write_are_compared_exactly),
        cmocka_unit_test(many_stars_in_a_path_take_no_longer),
        cmocka_unit_test(regexes_match_the_whole_value),
        cmocka_unit_test(regexes_that_are_refused),
        cmocka_unit_test(a_regex_has_bounded_effort),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
