#include "kube/image_ref.h"

#include <assert.h>

#include "base/buf.h"
#include "base/pattern.h"

enum {
    PATH_MAX_LEN = 255,
    HOST_MAX_LEN = 253 + 6, /* what DNS allows, and a port; upstream has no bound */
    TAG_MAX_LEN = 128,
    PATTERN_MAX = 512,
};

static const struct bytes default_host = {"docker.io", 9};
static const struct bytes official = {"library/", 8};

enum { DIGIT = 1, LOWER = 2, UPPER = 4, HEX = 8, ALPHANUMERIC = DIGIT | LOWER | UPPER };

static const unsigned char kinds[256] = {
    ['0' ... '9'] = DIGIT | HEX,
    ['a' ... 'f'] = LOWER | HEX,
    ['g' ... 'z'] = LOWER,
    ['A' ... 'Z'] = UPPER,
};

/* Is the character one of these kinds? */
static bool is_one_of(char c, unsigned of)
{
    return kinds[(unsigned char)c] & of;
}

static bool has_upper(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_one_of(text.data[i], UPPER))
            return true;
    }
    return false;
}

static bool has_char(struct bytes text, char c)
{
    return text.len > 0 && memchr(text.data, c, text.len);
}

/* What stands before the first `mark`, or all of it. The rest begins with the mark. */
static struct bytes cut(struct bytes text, char mark, struct bytes *rest)
{
    const char *at = text.len ? memchr(text.data, mark, text.len) : NULL;
    size_t len = at ? (size_t)(at - text.data) : text.len;

    *rest = bytes_tail(text, len);
    return (struct bytes){text.data, len};
}

static void lower(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (is_one_of(text[i], UPPER))
            text[i] = (char)(text[i] - 'A' + 'a');
    }
}

/* domain-name-component: letters, digits and hyphens, no hyphen at either end. */
static bool is_host_label(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_one_of(text.data[i], ALPHANUMERIC) && text.data[i] != '-')
            return false;
    }
    return text.len > 0 && text.data[0] != '-' && text.data[text.len - 1] != '-';
}

/* Hexadecimal digits and colons in brackets; upstream asks no more of an IPv6 address. */
static bool is_bracketed_address(struct bytes text)
{
    if (text.len < 3 || text.data[0] != '[' || text.data[text.len - 1] != ']')
        return false;
    for (size_t i = 1; i < text.len - 1; i++) {
        char c = text.data[i];

        if (!is_one_of(c, HEX) && !(c >= 'A' && c <= 'F') && c != ':')
            return false;
    }
    return true;
}

/* domain: names with dots between, or an address in brackets, and maybe a port. */
static bool is_host(struct bytes text)
{
    struct bytes host = text, label;
    size_t end = text.len;

    if (text.len > HOST_MAX_LEN)
        return false;
    while (end > 0 && is_one_of(text.data[end - 1], DIGIT))
        end--;
    if (end > 0 && text.data[end - 1] == ':') {
        if (end == text.len)
            return false;
        host.len = end - 1;
    }
    if (is_bracketed_address(host))
        return true;
    do {
        label = cut(host, '.', &host);
        if (!is_host_label(label))
            return false;
        if (host.len == 0)
            return true;
        host = bytes_tail(host, 1);
    } while (true);
}

/* path-component: runs of lower-case letters and digits, between them one dot, one or two
 * underscores, or any number of hyphens. */
static bool is_path_component(struct bytes text)
{
    size_t at = 0;

    for (;;) {
        size_t start = at;
        char mark;

        while (at < text.len && is_one_of(text.data[at], DIGIT | LOWER))
            at++;
        if (at == start)
            return false;
        if (at == text.len)
            return true;
        mark = text.data[at++];
        if (mark != '.' && mark != '_' && mark != '-')
            return false;
        if (mark == '_' && at < text.len && text.data[at] == '_')
            at++;
        while (mark == '-' && at < text.len && text.data[at] == '-')
            at++;
    }
}

static bool is_path(struct bytes text)
{
    for (;;) {
        if (!is_path_component(cut(text, '/', &text)))
            return false;
        if (text.len == 0)
            return true;
        text = bytes_tail(text, 1);
    }
}

static bool is_tag(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (!is_one_of(c, ALPHANUMERIC) && c != '_' && (i == 0 || (c != '.' && c != '-')))
            return false;
    }
    return text.len > 0 && text.len <= TAG_MAX_LEN;
}

/* The grammar allows any algorithm's name, but upstream then asks for one that it knows, and for
 * its exact length in lower case. */
static bool is_digest(struct bytes text)
{
    struct bytes hex, algorithm = cut(text, ':', &hex);
    size_t wanted = bytes_is(algorithm, "sha256")   ? 64
                    : bytes_is(algorithm, "sha384") ? 96
                    : bytes_is(algorithm, "sha512") ? 128
                                                    : 0;

    if (wanted == 0 || hex.len != wanted + 1)
        return false;
    for (size_t i = 1; i < hex.len; i++) {
        if (!is_one_of(hex.data[i], HEX))
            return false;
    }
    return true;
}

static bool is_identifier(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_one_of(text.data[i], HEX))
            return false;
    }
    return text.len == 64;
}

/* Is what stands before the first slash a registry, and not a part of the path? */
static bool names_host(struct bytes head)
{
    return bytes_is(head, "localhost") || has_char(head, '.') || has_char(head, ':') ||
           has_upper(head);
}

struct parts {
    struct bytes host, path, tag, digest; /* an empty host is the default one */
    bool has_tag, has_digest;
};

static void split(struct bytes text, struct parts *parts)
{
    struct bytes rest, head = cut(text, '/', &rest);

    *parts = (struct parts){0};
    if (rest.len > 0 && names_host(head)) {
        parts->host = head;
        text = bytes_tail(rest, 1);
    }
    text = cut(text, '@', &parts->digest);
    parts->path = cut(text, ':', &parts->tag);
    parts->has_tag = parts->tag.len > 0;
    parts->has_digest = parts->digest.len > 0;
    if (parts->has_tag)
        parts->tag = bytes_tail(parts->tag, 1);
    if (parts->has_digest)
        parts->digest = bytes_tail(parts->digest, 1);
}

static const char too_long[] = "its repository has more than 255 bytes";

/* Why upstream's parser would refuse it; NULL where it doesn't. */
static const char *find_problem(struct bytes text, const struct parts *parts)
{
    if (text.len == 0)
        return "it is empty";
    if (parts->path.len > PATH_MAX_LEN)
        return too_long;
    if (is_identifier(text))
        return "64 hexadecimal digits are an image's id";
    if (parts->host.len > 0 && !is_host(parts->host))
        return "its registry is no host name";
    if (has_upper(parts->path))
        return "its repository must be lower case";
    if (!is_path(parts->path))
        return "its repository has characters in it that it can't have there";
    if (parts->has_tag && !is_tag(parts->tag))
        return "its tag is none";
    if (parts->has_digest && !is_digest(parts->digest))
        return "its digest is none";
    return NULL;
}

/* The host in lower case, and Docker Hub's under its one name. */
static struct bytes normal_host(struct bytes written, struct arena *arena)
{
    char *host;

    if (written.len == 0)
        return default_host;
    host = arena_copy(arena, written);
    lower(host, written.len);
    return strcmp(host, "index.docker.io") == 0 ? default_host : (struct bytes){host, written.len};
}

/* HOST/PREFIXPATH */
static const char *join_name(struct bytes host, struct bytes prefix, struct bytes path,
                             struct arena *arena)
{
    char *name = arena_alloc_raw(arena, host.len + 1 + prefix.len + path.len + 1), *end = name;

    memcpy(end, host.data, host.len);
    end += host.len;
    *end++ = '/';
    if (prefix.len)
        memcpy(end, prefix.data, prefix.len);
    end += prefix.len;
    memcpy(end, path.data, path.len);
    end[path.len] = '\0';
    return name;
}

bool image_ref_parse(struct bytes text, struct arena *arena, struct image_ref *out,
                     struct error *err)
{
    struct bytes host, prefix = {0};
    const char *problem;
    struct parts parts;
    const char *name;

    split(text, &parts);
    problem = find_problem(text, &parts);
    if (problem)
        return error_set(err, "%s", problem);
    host = normal_host(parts.host, arena);
    if (bytes_equal(host, default_host) && !has_char(parts.path, '/'))
        prefix = official;
    if (prefix.len + parts.path.len > PATH_MAX_LEN)
        return error_set(err, "%s", too_long);

    name = join_name(host, prefix, parts.path, arena);
    *out = (struct image_ref){
        .host = arena_copy(arena, host),
        .path = name + host.len + 1,
        .name = name,
        .tag = parts.has_tag      ? arena_copy(arena, parts.tag)
               : parts.has_digest ? ""
                                  : "latest",
        .digest = parts.has_digest ? arena_copy(arena, parts.digest) : "",
    };
    return true;
}

/* Hosts are compared in lower case. */
static void normalise(const char *pattern, char normal[PATTERN_MAX + 1])
{
    size_t len = strlen(pattern);

    assert(len <= PATTERN_MAX);
    memcpy(normal, pattern, len + 1);
    lower(normal, strcspn(pattern, "/"));
}

bool image_pattern_matches(const char *pattern, const struct image_ref *ref)
{
    char normal[PATTERN_MAX + 1];

    normalise(pattern, normal);
    return path_glob_matches(normal, bytes_from(ref->name));
}

bool image_pattern_covers(const char *outer, const char *inner)
{
    char normal_outer[PATTERN_MAX + 1], normal_inner[PATTERN_MAX + 1];

    normalise(outer, normal_outer);
    normalise(inner, normal_inner);
    return path_glob_covers(normal_outer, normal_inner);
}

bool image_pattern_overlaps(const char *a, const char *b)
{
    char normal_a[PATTERN_MAX + 1], normal_b[PATTERN_MAX + 1];

    normalise(a, normal_a);
    normalise(b, normal_b);
    return path_glob_overlaps(normal_a, normal_b);
}

/* What a message calls the pattern; only once its characters are known to be clean. */
#define QUOTED "\"%.*s\""

static bool check_characters(struct bytes pattern, struct error *err)
{
    struct arena arena = {0};

    for (size_t i = 0; i < pattern.len; i++) {
        char c = pattern.data[i];

        if (is_one_of(c, ALPHANUMERIC) || (c && strchr("._-/*:@[]", c)))
            continue;
        error_set(
            err,
            "an image pattern has letters, digits, \"._-/\", a port's \":\", and \"*\" in it, "
            "got \"%s\"",
            text_clean(&arena, pattern, 100));
        arena_release(&arena);
        return false;
    }
    return true;
}

static bool check_part(struct bytes pattern, struct bytes part, struct error *err)
{
    if (part.len == 0)
        return error_set(err, QUOTED " has an empty part: no \"/\" first, last or twice",
                         BYTES_ARG(pattern));
    return true;
}

static bool check_component(struct bytes pattern, struct bytes component, struct error *err)
{
    if (!check_part(pattern, component, err))
        return false;
    if (has_upper(component))
        return error_set(err, QUOTED " matches nothing: repositories are lower case",
                         BYTES_ARG(pattern));
    if (!has_char(component, '*') && !is_path_component(component))
        return error_set(err, QUOTED " matches nothing: no repository has \"%.*s\" in it",
                         BYTES_ARG(pattern), BYTES_ARG(component));
    return true;
}

/* `path`: all after the registry and its slash. */
static bool check_path(struct bytes pattern, struct bytes path, struct error *err)
{
    struct bytes component;

    for (;;) {
        component = cut(path, '/', &path);
        if (!check_component(pattern, component, err))
            return false;
        if (path.len == 0)
            return true;
        path = bytes_tail(path, 1);
    }
}

static bool is_same_host(struct bytes a, struct bytes b)
{
    return a.len == b.len && strncasecmp(a.data, b.data, a.len) == 0;
}

static bool is_whole_host(struct bytes head)
{
    return is_host(head) &&
           (is_same_host(head, BYTES("localhost")) || has_char(head, '.') || has_char(head, ':'));
}

/* A pattern that would match nothing, because the references it means are normalised. */
static bool check_hub(struct bytes host, struct bytes path, struct error *err)
{
    if (is_same_host(host, BYTES("index.docker.io")))
        return error_set(err, "index.docker.io is read as docker.io: write \"docker.io/%.*s\"",
                         BYTES_ARG(path));
    if (is_same_host(host, default_host) && !has_char(path, '/') &&
        !memmem(path.data, path.len, "**", 2))
        return error_set(err,
                         "docker.io/%.*s is read as docker.io/library/%.*s: write "
                         "\"docker.io/library/%.*s\"",
                         BYTES_ARG(path), BYTES_ARG(path), BYTES_ARG(path));
    return true;
}

/* A pattern whose first part is no registry, or isn't followed by anything. */
static bool refuse_head(struct bytes pattern, bool needs_host, struct error *err)
{
    struct bytes path, head = cut(pattern, '/', &path);
    const char *library = path.len ? "" : "library/";

    if (is_whole_host(head) && path.len == 0)
        return error_set(err, QUOTED " names a registry alone: write \"%.*s/**\"",
                         BYTES_ARG(pattern), BYTES_ARG(pattern));
    if (has_char(head, '*') && needs_host)
        return error_set(err,
                         QUOTED " leaves the registry open: write it whole, as in "
                                "\"registry.example.com/**\"",
                         BYTES_ARG(pattern));
    if (has_char(head, '*'))
        return error_set(err, QUOTED " matches nothing without a \"/\": write \"**/%.*s\"",
                         BYTES_ARG(pattern), BYTES_ARG(pattern));
    if (path.len > 0 && names_host(head) && !is_host(head))
        return error_set(err, QUOTED " matches nothing: \"%.*s\" is no host name",
                         BYTES_ARG(pattern), BYTES_ARG(head));
    if (needs_host)
        return error_set(err, QUOTED " names no registry: write \"docker.io/%s%.*s\"",
                         BYTES_ARG(pattern), library, BYTES_ARG(pattern));
    return error_set(err,
                     QUOTED " names no registry: write \"docker.io/%s%.*s\", or \"**/%.*s\" for "
                            "all of them",
                     BYTES_ARG(pattern), library, BYTES_ARG(pattern), BYTES_ARG(pattern));
}

bool image_pattern_check(struct bytes pattern, bool needs_host, struct error *err)
{
    struct bytes path, head = cut(pattern, '/', &path);
    bool has_path = path.len > 0, is_open;

    if (pattern.len == 0)
        return error_set(err, "an image pattern must not be empty");
    if (pattern.len > PATTERN_MAX)
        return error_set(err, "an image pattern has at most %d bytes, this one has %zu",
                         PATTERN_MAX, pattern.len);
    if (!check_characters(pattern, err))
        return false;
    if (memmem(pattern.data, pattern.len, "://", 3))
        return error_set(err, QUOTED " has a scheme: write what stands behind \"://\"",
                         BYTES_ARG(pattern));
    if (has_char(pattern, '@') || has_char(has_path ? path : pattern, ':'))
        return error_set(err, QUOTED " has a tag or digest: \"tags\" and \"digest\" judge those",
                         BYTES_ARG(pattern));
    path = has_path ? bytes_tail(path, 1) : path;
    if (has_path && !(check_part(pattern, head, err) && check_path(pattern, path, err)))
        return false;
    is_open = has_char(head, '*') && (has_path || memmem(head.data, head.len, "**", 2));
    if (!needs_host && is_open)
        return true;
    if (!has_path || !(is_whole_host(head) || (!needs_host && has_upper(head) && is_host(head))))
        return refuse_head(pattern, needs_host, err);
    return check_hub(head, path, err);
}
