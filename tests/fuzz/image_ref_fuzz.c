/* image_ref_fuzz: a reference, and after a newline a pattern. What was parsed and written out
 * parses to the same; a reference's own name is a pattern that matches it. */
#include "base/buf.h"
#include "kube/image_ref.h"
#include "fuzz.h"

static bool is_plain_host(const char *host)
{
    return strpbrk(host, ".:") || strcmp(host, "localhost") == 0;
}

/* A host such as `foo` is one only where it has a capital letter. */
static const char *write_host(const struct image_ref *ref, struct arena *arena)
{
    char *host = arena_copy(arena, bytes_from(ref->host));

    if (!is_plain_host(host)) {
        for (char *c = host; *c; c++)
            *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
    }
    return host;
}

static void check_written(const struct image_ref *ref, struct arena *arena)
{
    const char *text =
        arena_printf(arena, "%s/%s%s%s%s%s", write_host(ref, arena), ref->path,
                     *ref->tag ? ":" : "", ref->tag, *ref->digest ? "@" : "", ref->digest);
    struct image_ref again;
    struct error err;

    CHECK(image_ref_parse(bytes_from(text), arena, &again, &err));
    CHECK(strcmp(ref->host, again.host) == 0 && strcmp(ref->path, again.path) == 0);
    CHECK(strcmp(ref->tag, again.tag) == 0 && strcmp(ref->digest, again.digest) == 0);
    CHECK(strcmp(ref->name, again.name) == 0);
}

static void check_own_name(const struct image_ref *ref)
{
    struct error err;

    if (strlen(ref->name) > 512)
        return;
    CHECK(image_pattern_check(bytes_from(ref->name), true, &err) == is_plain_host(ref->host));
    CHECK(image_pattern_matches(ref->name, ref));
    CHECK(image_pattern_matches("**", ref));
}

static void check_pattern(struct bytes text, const struct image_ref *ref, struct arena *arena)
{
    const char *pattern = arena_copy(arena, text);
    struct error err;

    if (!image_pattern_check(text, false, &err)) {
        CHECK(err.text[0] && !image_pattern_check(text, true, &err));
        return;
    }
    if (image_pattern_matches(pattern, ref) && !strchr(pattern, '*'))
        CHECK(strcasecmp(pattern, ref->name) == 0);
    /* A whole host in a pattern is the reference's. */
    if (image_pattern_check(text, true, &err) && image_pattern_matches(pattern, ref))
        CHECK(strncasecmp(pattern, ref->host, strlen(ref->host)) == 0 &&
              pattern[strlen(ref->host)] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = {(const char *)data, size}, pattern = {0};
    const char *newline = size ? memchr(data, '\n', size) : NULL;
    struct arena arena = {0};
    struct image_ref ref;
    struct error err;

    if (newline) {
        text.len = (size_t)(newline - text.data);
        pattern = bytes_tail((struct bytes){(const char *)data, size}, text.len + 1);
    }
    if (image_ref_parse(text, &arena, &ref, &err)) {
        check_written(&ref, &arena);
        check_own_name(&ref);
        check_pattern(pattern, &ref, &arena);
    } else {
        CHECK(err.text[0]);
    }
    arena_release(&arena);
    return 0;
}
