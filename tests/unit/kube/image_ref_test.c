#include "kube/image_ref.h"
#include "unit/unit.h"

#define HEX_32 "0123456789abcdef0123456789abcdef"
#define HEX_64 HEX_32 HEX_32
#define A_50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A_250 A_50 A_50 A_50 A_50 A_50
#define LABEL_60 A_50 "aaaaaaaaaa"

static void normalises_as_docker_does(void **state)
{
    static const struct {
        const char *text, *host, *path, *tag, *digest;
    } rows[] = {
        {"nginx", "docker.io", "library/nginx", "latest", ""},
        {"nginx:1.25", "docker.io", "library/nginx", "1.25", ""},
        {"team/app:1", "docker.io", "team/app", "1", ""},
        {"a/b/c", "docker.io", "a/b/c", "latest", ""},
        {"docker.io/nginx", "docker.io", "library/nginx", "latest", ""},
        {"docker.io/team/app", "docker.io", "team/app", "latest", ""},
        {"index.docker.io/nginx", "docker.io", "library/nginx", "latest", ""},
        {"index.docker.io/team/app", "docker.io", "team/app", "latest", ""},
        {"registry-1.docker.io/team/app", "registry-1.docker.io", "team/app", "latest", ""},
        {"localhost/app", "localhost", "app", "latest", ""},
        {"host:5000/app", "host:5000", "app", "latest", ""},
        {"Foo/app", "foo", "app", "latest", ""},
        {"foo/app", "docker.io", "foo/app", "latest", ""},
        {"example.com", "docker.io", "library/example.com", "latest", ""},
        {"example.com:5000", "docker.io", "library/example.com", "5000", ""},
        {"localhost:5000", "docker.io", "library/localhost", "5000", ""},
        {"example.com/app", "example.com", "app", "latest", ""},
        {"Registry.Example.COM:5000/a/b:V1", "registry.example.com:5000", "a/b", "V1", ""},
        {"Docker.io/nginx", "docker.io", "library/nginx", "latest", ""},
        {"INDEX.DOCKER.IO/nginx", "docker.io", "library/nginx", "latest", ""},
        {"docker.io:443/nginx", "docker.io:443", "nginx", "latest", ""},
        {"127.0.0.1/app", "127.0.0.1", "app", "latest", ""},
        {"[::1]/app", "[::1]", "app", "latest", ""},
        {"[2001:DB8::A]:5000/app:x", "[2001:db8::a]:5000", "app", "x", ""},
        {"xn--n3h.example/a", "xn--n3h.example", "a", "latest", ""},
        {"nginx@sha256:" HEX_64, "docker.io", "library/nginx", "", "sha256:" HEX_64},
        {"nginx:1@sha256:" HEX_64, "docker.io", "library/nginx", "1", "sha256:" HEX_64},
        {"nginx@sha384:" HEX_64 HEX_32, "docker.io", "library/nginx", "", "sha384:" HEX_64 HEX_32},
        {"nginx@sha512:" HEX_64 HEX_64, "docker.io", "library/nginx", "", "sha512:" HEX_64 HEX_64},
        {"x/a.b_c__d-e---f", "docker.io", "x/a.b_c__d-e---f", "latest", ""},
        {"a:_", "docker.io", "library/a", "_", ""},
        {"a:A.b-c_D", "docker.io", "library/a", "A.b-c_D", ""},
        {HEX_64 ":a", "docker.io", "library/" HEX_64, "a", ""},
        {"x/" HEX_64, "docker.io", "x/" HEX_64, "latest", ""},
        {"x/" A_250 "aaa", "docker.io", "x/" A_250 "aaa", "latest", ""}, /* 255 bytes */
    };
    struct arena arena = {0};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct image_ref ref;
        struct error err;

        assert_true(image_ref_parse(bytes_from(rows[i].text), &arena, &ref, &err));
        assert_string_equal(ref.host, rows[i].host);
        assert_string_equal(ref.path, rows[i].path);
        assert_string_equal(ref.name, arena_printf(&arena, "%s/%s", ref.host, ref.path));
        assert_string_equal(ref.tag, rows[i].tag);
        assert_string_equal(ref.digest, rows[i].digest);
    }
    arena_release(&arena);
}

static const struct {
    struct bytes text;
    const char *error;
} refused[] = {
    {BYTES(""), "it is empty"},
    {BYTES(HEX_64), "64 hexadecimal digits are an image's id"},
    {BYTES("Nginx"), "its repository must be lower case"},
    {BYTES("docker.io/Nginx"), "must be lower case"},
    {BYTES("a/B"), "must be lower case"},
    {BYTES(" nginx"), "its repository has characters"},
    {BYTES("nginx "), "its repository has characters"},
    {BYTES("nginx\n"), "its repository has characters"},
    {BYTES("nginx\0"), "its repository has characters"},
    {BYTES("a//b"), "its repository has characters"},
    {BYTES("/a"), "its repository has characters"},
    {BYTES("a/"), "its repository has characters"},
    {BYTES("x.io/"), "its repository has characters"},
    {BYTES("a..b"), "its repository has characters"},
    {BYTES("a___b"), "its repository has characters"},
    {BYTES("a._b"), "its repository has characters"},
    {BYTES("-a"), "its repository has characters"},
    {BYTES("a-"), "its repository has characters"},
    {BYTES("\xc3\xa9"), "its repository has characters"},
    {BYTES("https://x.io/a"), "its registry is no host name"},
    {BYTES("good.io@evil.io/x"), "its registry is no host name"},
    {BYTES("x.io./a"), "its registry is no host name"},
    {BYTES(".x.io/a"), "its registry is no host name"},
    {BYTES("x..io/a"), "its registry is no host name"},
    {BYTES("-x.io/a"), "its registry is no host name"},
    {BYTES("x-.io/a"), "its registry is no host name"},
    {BYTES("x_y.io/a"), "its registry is no host name"}, /* upstream: no host at all */
    {BYTES("x.io:/a"), "its registry is no host name"},
    {BYTES("x.io:80a/a"), "its registry is no host name"},
    {BYTES("x.io:80:80/a"), "its registry is no host name"},
    {BYTES("::1/a"), "its registry is no host name"},
    {BYTES("[]:5/a"), "its registry is no host name"},
    {BYTES("[::g]/a"), "its registry is no host name"},
    {BYTES("[::1%eth0]/a"), "its registry"},
    {BYTES("[::1]x:5/a"), "its registry is no host name"},
    {BYTES(LABEL_60 "." LABEL_60 "." LABEL_60 "." LABEL_60 "." LABEL_60 "/a"), "no host name"},
    {BYTES("a:"), "its tag is none"},
    {BYTES("a:.x"), "its tag is none"},
    {BYTES("a:-x"), "its tag is none"},
    {BYTES("a:b:c"), "its tag is none"},
    {BYTES("a:b/c"), "its registry is no host name"},
    {BYTES("x.io/a:b/c"), "its tag is none"},
    {BYTES("a:" A_50 A_50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), "its tag is none"}, /* 129 */
    {BYTES("a@"), "its digest is none"},
    {BYTES("a:@sha256:" HEX_64), "its tag is none"},
    {BYTES("a@sha256"), "its digest is none"},
    {BYTES("a@sha256:"), "its digest is none"},
    {BYTES("a@sha256:" HEX_32), "its digest is none"},
    {BYTES("a@sha256:" HEX_64 "0"), "its digest is none"},
    {BYTES("a@sha512:" HEX_64), "its digest is none"},
    {BYTES("a@sha256:0123456789ABCDEF0123456789ABCDEF" HEX_32), "its digest is none"},
    {BYTES("a@SHA256:" HEX_64), "its digest is none"},
    {BYTES("a@md5:" HEX_32), "its digest is none"},
    {BYTES("a@sha256+b64:" HEX_64), "its digest is none"},
    {BYTES("a@sha256:" HEX_64 ":tag"), "its digest is none"},
    {BYTES("a@sha256:" HEX_64 "@sha256:" HEX_64), "its digest is none"},
    {BYTES("x/" A_250 "aaaa"), "more than 255 bytes"},
    {BYTES(A_250), "more than 255 bytes"}, /* with library/ before it */
};

static void refuses_what_is_no_reference(void **state)
{
    struct arena arena = {0};

    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        struct image_ref ref = {.host = "untouched"};
        struct error err;

        assert_false(image_ref_parse(refused[i].text, &arena, &ref, &err));
        assert_non_null(strstr(err.text, refused[i].error));
        assert_string_equal(ref.host, "untouched");
    }
    arena_release(&arena);
}

static void patterns_match_the_normalised_name(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"docker.io/library/nginx", "nginx", true},
        {"docker.io/library/nginx", "index.docker.io/nginx:1@sha256:" HEX_64, true},
        {"docker.io/library/*", "team/nginx", false},
        {"docker.io/team/*", "team/nginx", true},
        {"docker.io/team/*", "team-evil/nginx", false},
        {"docker.io/team/*", "docker.io/team/a/b", false},
        {"docker.io/team/**", "docker.io/team/a/b", true},
        {"docker.io/team/**", "x.io/docker.io/team/a", false},
        {"registry.example.com/**", "registry.example.com/a/b", true},
        {"registry.example.com/**", "REGISTRY.example.com/a/b", true},
        {"Registry.Example.com/ml/**", "registry.example.com/ml/a", true},
        {"registry.example.com/**", "registry.example.com.evil.io/a", false},
        {"registry.example.com/**", "registry.example.com:443/a", false},
        {"registry.example.com:443/**", "registry.example.com:443/a", true},
        {"registry.example.com/ml/**", "registry.example.com/ml", false},
        {"registry.example.com/ml/**", "registry.example.com/mlx/a", false},
        {"localhost/*", "localhost/a", true},
        {"[::1]:5000/*", "[::1]:5000/a", true},
        {"**/*-internal", "x.io/team/app-internal:v1", true},
        {"**/*-internal", "app-internal", true},
        {"**/*-internal", "x.io/app-internal/y", false},
        {"**", "nginx", true},
        {"*.evil.io/**", "a.evil.io/x", true},
        {"*.evil.io/**", "evil.io/x", false},
        {"*.evil.io/**", "good.io/a.evil.io/x", false},
        {"*.EVIL.io/**", "a.evil.io/x", true},
        {"*:5000/**", "host:5000/a", true},
        {"*/nginx", "x.io/nginx", true},
        {"*/nginx", "nginx", false}, /* docker.io/library/nginx */
        {"**/nginx", "nginx", true},
        {"x.io/**/app", "x.io/app", true},
        {"x.io/a*b/c", "x.io/axxb/c", true},
        {"x.io/a*b/c", "x.io/ax/xb/c", false},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct image_ref ref;
        struct error err;

        assert_true(image_ref_parse(bytes_from(rows[i].text), &arena, &ref, &err));
        assert_true(image_pattern_check(bytes_from(rows[i].pattern), false, &err));
        assert_int_equal(image_pattern_matches(rows[i].pattern, &ref), rows[i].matches);
    }
    arena_release(&arena);
}

/* NULL: the pattern is fine. */
static const struct {
    const char *pattern, *allow, *deny;
} checked[] = {
    {"registry.example.com/ml/**", NULL, NULL},
    {"nvcr.io/nvidia/*", NULL, NULL},
    {"host:5000/*", NULL, NULL},
    {"localhost/a-*_b", NULL, NULL},
    {"Localhost/a", NULL, NULL},
    {"[::1]:5000/**", NULL, NULL},
    {"docker.io/library/nginx", NULL, NULL},
    {"docker.io/**", NULL, NULL},
    {"docker.io/*/nginx", NULL, NULL},
    {"**/*-internal", "write it whole, as in \"registry.example.com/**\"", NULL},
    {"**", "write it whole", NULL},
    {"*/x", "write it whole", NULL},
    {"*.example.com/**", "write it whole", NULL},
    {"registry*.example.com/**", "write it whole", NULL},
    {"x.io**", "write it whole", NULL},
    {"*-internal", "write it whole", "write \"**/*-internal\""},
    {"*", "write it whole", "write \"**/*\""},
    {"nginx", "names no registry: write \"docker.io/library/nginx\"",
     "write \"docker.io/library/nginx\", or \"**/nginx\" for all of them"},
    {"team/*", "names no registry: write \"docker.io/team/*\"",
     "write \"docker.io/team/*\", or \"**/team/*\" for all of them"},
    {"library/nginx", "write \"docker.io/library/nginx\"", "\"**/library/nginx\""},
    {"registry.example.com", "write \"registry.example.com/**\"",
     "write \"registry.example.com/**\""},
    {"docker.io/nginx", "write \"docker.io/library/nginx\"", "write \"docker.io/library/nginx\""},
    {"docker.io/*", "write \"docker.io/library/*\"", "write \"docker.io/library/*\""},
    {"index.docker.io/a/b", "write \"docker.io/a/b\"", "write \"docker.io/a/b\""},
    {"Foo/app", "names no registry", NULL}, /* a host by upstream's rule */
    {"", "must not be empty", "must not be empty"},
    {"nginx:1.25", "has a tag or digest", "has a tag or digest"},
    {"x.io/nginx:latest", "has a tag or digest", "has a tag or digest"},
    {"x.io/nginx:*", "has a tag or digest", "has a tag or digest"},
    {"x.io/nginx@sha256:*", "has a tag or digest", "has a tag or digest"},
    {"x.io/Nginx", "repositories are lower case", "repositories are lower case"},
    {"x.io/Ngin*", "repositories are lower case", "repositories are lower case"},
    {"x.io/", "has an empty part", "has an empty part"},
    {"x.io/a/", "has an empty part", "has an empty part"},
    {"x.io//a", "has an empty part", "has an empty part"},
    {"/a", "has an empty part", "has an empty part"},
    {"x.io/_a", "no repository has \"_a\" in it", "no repository has \"_a\" in it"},
    {"x..io/a", "\"x..io\" is no host name", "\"x..io\" is no host name"},
    {"x.io:http/a", "is no host name", "is no host name"},
    {"x.io/a?", "an image pattern has letters", "an image pattern has letters"},
    {"x.io/a b", "an image pattern has letters", "an image pattern has letters"},
    {"x.io/\xc3\xa9", "an image pattern has letters", "an image pattern has letters"},
    {"https://x.io/a", "has a scheme", "has a scheme"},
    {"x.io/" A_250 A_250 "/" A_50, "at most 512 bytes, this one has 556", "at most 512"},
};

static void patterns_are_checked(void **state)
{
    for (size_t i = 0; i < sizeof(checked) / sizeof(*checked); i++) {
        struct bytes pattern = bytes_from(checked[i].pattern);
        struct error err;

        assert_int_equal(image_pattern_check(pattern, true, &err), !checked[i].allow);
        if (checked[i].allow)
            assert_non_null(strstr(err.text, checked[i].allow));
        assert_int_equal(image_pattern_check(pattern, false, &err), !checked[i].deny);
        if (checked[i].deny)
            assert_non_null(strstr(err.text, checked[i].deny));
    }
}

static void a_pattern_holds_no_nul(void **state)
{
    struct error err;

    assert_false(image_pattern_check(BYTES("x.io/a\0b"), false, &err));
    assert_non_null(strstr(err.text, "got \"x.io/a\\u0000b\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normalises_as_docker_does),
        cmocka_unit_test(refuses_what_is_no_reference),
        cmocka_unit_test(patterns_match_the_normalised_name),
        cmocka_unit_test(patterns_are_checked),
        cmocka_unit_test(a_pattern_holds_no_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
