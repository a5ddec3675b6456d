/* pattern: globs and regular expressions. Wraps pcre2; nothing else includes it. */
#pragma once

#include "base/strings.h"

/* A glob over names: `*` any run of characters (also none), `?` one character, everything else
 * itself. Matching takes time linear in text x pattern at worst. */
struct glob {
    const char *text;
    size_t literal; /* length of the part before the first `*` or `?` */
    bool is_exact;  /* holds neither */
};

/* Fails on an empty pattern and on one longer than 253 bytes. Lives in `arena`. */
bool glob_parse(struct bytes text, struct arena *arena, struct glob *out,
                struct error *err) MUST_CHECK;
bool glob_matches(const struct glob *glob, struct bytes text);

/* Is there a text that both match? Exact, in time linear in the product of their lengths. */
bool glob_overlaps(const struct glob *a, const struct glob *b);

/* Does every text that `inner` matches also match `outer`? May say no where it is yes in odd cases.
 */
bool glob_covers(const struct glob *outer, const struct glob *inner);

struct globs {
    struct glob *items;
    size_t count;
};

bool globs_match(const struct globs *globs, struct bytes text);
bool globs_overlap(const struct globs *a, const struct globs *b);

enum { PATH_GLOB_MAX = 1024 };

/* A glob over paths of segments: `*` and `?` stay inside one segment, `**` crosses `/`. `a/ **`
 * (without the blank) matches a/b and a/b/c, not a itself. As in .gitignore, a `**` that stands for
 * whole segments may stand for none: `a/ ** /b` matches a/b, too. `glob` has at most PATH_GLOB_MAX
 * bytes (asserted). Takes time linear in text x glob at worst. */
bool path_glob_matches(const char *glob, struct bytes path);

/* Of globs without `?`. Does every path that `inner` matches also match `outer`? May say no where
 * it is yes in odd cases. */
bool path_glob_covers(const char *outer, const char *inner);

/* Likewise. Is there a path that both match? May say yes where it is no in odd cases. Takes time
 * and memory linear in the product of their lengths. */
bool path_glob_overlaps(const char *a, const char *b);

struct regex; /* compiled, immutable, may be shared by threads */

enum regex_result {
    REGEX_NO,
    REGEX_YES,
    REGEX_ERROR /* the effort's limit was passed, or the like */
};

/* PCRE2 with UTF; the dot stops at a newline and at a carriage return; always matched against the
 * whole value (anchored at both ends). Refused: an empty pattern, one over 4 KiB, one that begins
 * with "(*", \C, NUL. `err` has pcre2's words and where in the pattern. Freed with `arena`. */
bool regex_compile(struct bytes pattern, struct arena *arena, const struct regex **out,
                   struct error *err) MUST_CHECK;
const char *regex_text(const struct regex *regex);

/* Does the whole of `text` match? Effort is bounded by a match limit; text longer than 64 KiB, or
 * one that is not UTF-8, is REGEX_ERROR. */
enum regex_result regex_matches(const struct regex *regex, struct bytes text);

/* pcre2's. */
const char *pattern_library_version(struct arena *arena);
