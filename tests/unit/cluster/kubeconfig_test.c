#include "cluster/kubeconfig.h"

#include <unistd.h>

#include "unit/arena.h"

static const char name[] = "conf/kube.yaml";

static bool parse(const char *text, struct kubeconfig *out, struct error *err)
{
    struct source *source = arena_alloc(&arena, sizeof(*source));

    *source = (struct source){name, bytes_from(text)};
    return kubeconfig_parse(source, &arena, out, err);
}

/* A kubeconfig with these members in its cluster and its user. */
static const char *with(const char *cluster, const char *user)
{
    return arena_printf(&arena,
                        "kind: Config\n"
                        "current-context: c\n"
                        "contexts: [{name: c, context: {cluster: k, user: u, namespace: n}}]\n"
                        "clusters: [{name: k, cluster: {%s}}]\n"
                        "users: [{name: u, user: {%s}}]\n",
                        cluster, user);
}

static const char *server(const char *cluster)
{
    return arena_printf(&arena, "server: 'https://h:6443', %s", cluster);
}

static void the_current_context_is_read(void **state)
{
    static const char text[] = "apiVersion: v1\n"
                               "kind: Config\n"
                               "preferences: {colors: true}\n"
                               "extensions: [{name: x, extension: {}}]\n"
                               "current-context: two\n"
                               "contexts:\n"
                               "- name: one\n"
                               "  context: {cluster: a, user: a}\n"
                               "- name: two\n"
                               "  context: {cluster: b, user: b, namespace: x, extensions: []}\n"
                               "clusters:\n"
                               "- name: a\n"
                               "  cluster: {server: 'http://a', proxy-url: 'http://p'}\n"
                               "- name: b\n"
                               "  cluster:\n"
                               "    server: https://b.example.com/prefix//\n"
                               "    tls-server-name: other.example.com\n"
                               "    certificate-authority: pki/ca.crt\n"
                               "    insecure-skip-tls-verify: false\n"
                               "    disable-compression: true\n"
                               "users:\n"
                               "- name: a\n"
                               "  user: {exec: {command: x}}\n"
                               "- name: b\n"
                               "  user:\n"
                               "    token: abc.def\n"
                               "    tokenFile: /run/token\n"
                               "    client-certificate: ./me.crt\n"
                               "    client-key-data: a2V5\n"
                               "    username: ''\n"
                               "    as-groups: []\n";
    struct kubeconfig got = {0};
    struct error err = {0};

    if (!parse(text, &got, &err))
        fail_msg("%s", err.text);
    assert_string_equal(got.server, "https://b.example.com/prefix");
    assert_string_equal(got.tls_server_name, "other.example.com");
    assert_string_equal(got.ca.file, "conf/pki/ca.crt");
    assert_int_equal(got.ca.text.len, 0);
    assert_string_equal(got.token, "abc.def");
    assert_string_equal(got.token_file, "/run/token");
    assert_string_equal(got.certificate.file, "conf/./me.crt");
    assert_true(bytes_is(got.key.text, "key"));
}

static void json_will_do_and_little_is_needed(void **state)
{
    struct kubeconfig got = {0};
    struct error err = {0};

    if (!parse("{\"current-context\": \"c\", \"contexts\": [{\"name\": \"c\", \"context\": "
               "{\"cluster\": \"k\"}}], \"clusters\": [{\"name\": \"k\", \"cluster\": {\"server\": "
               "\"https://[::1]:6443\"}}]}",
               &got, &err))
        fail_msg("%s", err.text);
    assert_string_equal(got.server, "https://[::1]:6443");
    assert_null(got.token);
    assert_null(got.ca.place);
}

static void expect_error(const char *text, const char *wanted)
{
    struct kubeconfig got = {.token = "untouched"};
    struct error err = {0};

    if (parse(text, &got, &err))
        fail_msg("nothing wrong? %s", text);
    if (strcmp(err.text, arena_printf(&arena, "%s%s", name, wanted)) != 0)
        fail_msg("expected %s%s, got %s", name, wanted, err.text);
    assert_string_equal(got.token, "untouched");
    assert_null(strchr(err.text, '\n'));
}

static void what_is_no_kubeconfig_is_refused(void **state)
{
    static const char *const rows[][2] = {
        {"", ": expected one document, got 0"},
        {"{}\n---\n{}\n", ": expected one document, got 2"},
        {"- a\n", ":1:1: expected a kubeconfig"},
        {"kind: Pod\n", ":1:7: kind: expected Config"},
        {"kind: 7\n", ":1:7: kind: expected text, got 7"},
        {"{}\n", ": current-context: there is none"},
        {"current-context: ''\n", ": current-context: there is none"},
        {"current-context: x\n", ":1:18: current-context: \"x\": not among the contexts"},
        {"current-context: x\ncontexts: 1\n", ":2:11: contexts: expected a list"},
        {"current-context: x\ncontexts: [x]\n", ":2:12: expected a map"},
        {"current-context: x\ncontexts: [{name: x}, {name: x}]\n", ":2:30: name: there twice"},
        {"current-context: x\ncontexts: [{name: x, context: 1}]\n",
         ":2:31: context: expected a map, got 1"},
        {"current-context: x\ncontexts: [{name: x, context: {user: u}}]\n",
         ":2:22: cluster: there is none in the context"},
        {"current-context: x\ncontexts: [{name: x, context: {cluster: k}}]\n",
         ":2:41: cluster: \"k\": not among the clusters"},
        {"current-context: x\ncontexts: [{name: x, context: {cluster: k, user: u}}]\n"
         "clusters: [{name: k, cluster: {server: 'https://h'}}]\nusers: []\n",
         ":2:50: user: \"u\": not among the users"},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        expect_error(rows[i][0], rows[i][1]);
}

static void text_that_is_no_yaml_is_refused_at_its_place(void **state)
{
    struct kubeconfig got;
    struct error err = {0};

    assert_false(parse("a: 1\nb: [\n", &got, &err));
    assert_non_null(strstr(err.text, "conf/kube.yaml:"));
    assert_false(parse("kind: Config\nkind: Config\n", &got, &err));
    assert_non_null(strstr(err.text, "conf/kube.yaml:2:1: "));
}

static void clusters_that_can_not_be_used_are_refused(void **state)
{
    static const char *const rows[][2] = {
        {"", ":4:22: server: there is none"},
        {"server: 7", ":4:40: server: expected text, got 7"},
        {"server: 'http://h'",
         ":4:40: server: expected https://HOST[:PORT]: TLS is verified always"},
        {"server: 'h:6443'", ":4:40: server: expected https://HOST[:PORT]: TLS is verified always"},
        {"server: 'https://me:pw@h'",
         ":4:40: server: expected https://HOST[:PORT][/PATH] and no more"},
        {"server: 'https://h?x=1'",
         ":4:40: server: expected https://HOST[:PORT][/PATH] and no more"},
        {"server: 'https://h:99999'",
         ":4:40: server: Port number was not a decimal number between 0 and 65535"},
        {"server: \"https://h\\0x\"", ":4:40: server: a NUL character in it"},
        {"insecure-skip-tls-verify: true",
         ":4:32: insecure-skip-tls-verify: not supported: TLS is verified always"},
        {"insecure-skip-tls-verify: 'false'",
         ":4:32: insecure-skip-tls-verify: not supported: TLS is verified always"},
        {"proxy-url: 'http://p'", ":4:32: proxy-url: not supported"},
    };
    static const char *const more[][2] = {
        {"tls-server-name: 'a/b'", ":4:75: tls-server-name: expected a host name"},
        {"certificate-authority: \"a\\nb\"",
         ":4:81: certificate-authority: a control character in it"},
        {"certificate-authority: [x]", ":4:81: certificate-authority: expected text, got a list"},
        {"certificate-authority-data: '*'", ":4:86: certificate-authority-data: expected base64"},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        expect_error(with(rows[i][0], ""), rows[i][1]);
    for (size_t i = 0; i < COUNT(more); i++)
        expect_error(with(server(more[i][0]), ""), more[i][1]);
}

static void users_that_can_not_be_used_are_refused(void **state)
{
    static const char *const rows[][2] = {
        {"exec: {command: aws}", "exec: not supported"},
        {"auth-provider: {name: gcp}", "auth-provider: not supported"},
        {"username: me", "username: not supported"},
        {"password: x", "password: not supported"},
        {"as: other", "as: not supported"},
        {"as-groups: [g]", "as-groups: not supported"},
        {"as-user-extra: {a: [b]}", "as-user-extra: not supported"},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        expect_error(with(server(""), rows[i][0]), arena_printf(&arena, ":5:26: %s", rows[i][1]));
    expect_error(with(server(""), "token: 'a b'"),
                 ":5:33: token: expected printable characters without blanks");
    expect_error(with(server(""), "token: \"a\\r\\nX: y\""),
                 ":5:33: token: expected printable characters without blanks");
    expect_error(with(server(""), "client-certificate: x"),
                 ":5:19: client-key: missing beside client-certificate");
    expect_error(with(server(""), "client-key: x"),
                 ":5:19: client-certificate: missing beside client-key");
}

/* ---- files */

static char folder[] = "/tmp/fairgate-kubeconfig-XXXXXX";

static int make_folder(void **state)
{
    memset(folder + sizeof(folder) - 7, 'X', 6);
    return mkdtemp(folder) ? 0 : -1;
}

static const char *in_folder(const char *file)
{
    return arena_printf(&arena, "%s/%s", folder, file);
}

static const char *const files[] = {"config", "ca.crt", "token", "me.key", "me.crt"};

static int remove_folder(void **state)
{
    for (size_t i = 0; i < COUNT(files); i++)
        unlink(in_folder(files[i]));
    arena_release(&arena);
    return rmdir(folder);
}

static void write_file(const char *file, const char *text)
{
    FILE *out = fopen(in_folder(file), "w");

    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

/* `wanted`: the error, with @ for the folder; NULL: none. */
static void expect_read(bool (*read)(struct kubeconfig *out, struct error *err), const char *wanted)
{
    struct kubeconfig got;
    struct error err = {0};
    bool is_read = read(&got, &err);
    struct buf buf;

    buf_init(&buf, &arena, 4096);
    for (const char *c = wanted ? wanted : ""; *c; c++) {
        if (*c == '@')
            buf_add_text(&buf, folder);
        else
            buf_add_char(&buf, *c);
    }
    if (is_read == (wanted != NULL) || (wanted && strcmp(err.text, buf.data) != 0))
        fail_msg("expected %s, got %s", wanted ? buf.data : "nothing", err.text);
}

static bool read_config(struct kubeconfig *out, struct error *err)
{
    return kubeconfig_read(in_folder("config"), &arena, out, err);
}

#define CERTIFICATE "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"
#define KEY "-----BEGIN EC PRIVATE KEY-----\nMAMCAQE=\n-----END EC PRIVATE KEY-----\n"

static void files_must_be_there_and_hold_what_they_should(void **state)
{
    expect_read(read_config, "@/config: No such file or directory");
    write_file("config", with(server("certificate-authority: ca.crt"), ""));
    expect_read(read_config, "@/config:4:81: certificate-authority: @/ca.crt: "
                             "No such file or directory");
    write_file("ca.crt", "# nothing\n");
    expect_read(read_config, "@/config:4:81: certificate-authority: @/ca.crt: "
                             "expected a PEM certificate (-----BEGIN CERTIFICATE-----)");
    write_file("ca.crt", CERTIFICATE "text between\n-----BEGIN CERTIFICATE-----\nMAMC\n");
    expect_read(read_config, "@/config:4:81: certificate-authority: @/ca.crt: "
                             "a broken PEM certificate");
    write_file("ca.crt", "text before\n" CERTIFICATE "text between\n" CERTIFICATE);
    expect_read(read_config, NULL);
    write_file("config", with(server("certificate-authority-data: Zm9v"), ""));
    expect_read(read_config, "@/config:4:86: certificate-authority-data: "
                             "expected a PEM certificate (-----BEGIN CERTIFICATE-----)");
}

static void keys_must_be_plain(void **state)
{
    static const char place[] = "@/config:5:66: client-key: @/me.key: ";
    static const char *const rows[][2] = {
        {CERTIFICATE, "expected a PEM key (-----BEGIN PRIVATE KEY-----)"},
        {"-----BEGIN PRIVATE KEY-----\n", "a broken PEM key"},
        {"-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "the key is encrypted, which is not supported"},
        {"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n",
         "the key is encrypted, which is not supported"},
    };

    write_file("config", with(server(""), "client-certificate: me.crt, client-key: me.key"));
    write_file("me.crt", CERTIFICATE);
    for (size_t i = 0; i < COUNT(rows); i++) {
        write_file("me.key", rows[i][0]);
        expect_read(read_config, arena_printf(&arena, "%s%s", place, rows[i][1]));
    }
    write_file("me.key", "-----BEGIN EC PARAMETERS-----\nx\n-----END EC PARAMETERS-----\n" KEY);
    expect_read(read_config, NULL);
}

static void tokens_must_be_fit_for_a_header(void **state)
{
    static const char *const rows[][2] = {
        {"", "@/config:5:37: tokenFile: @/token: empty"},
        {" \n\t\r\n", "@/config:5:37: tokenFile: @/token: empty"},
        {"a\nb\n", "@/config:5:37: tokenFile: @/token: expected printable characters without "
                   "blanks"},
        {"\xc3\xa4", "@/config:5:37: tokenFile: @/token: expected printable characters without "
                     "blanks"},
        {"\n abc.def_ghi-123 \n", NULL},
    };

    write_file("config", with(server(""), "tokenFile: token"));
    expect_read(read_config, "@/config:5:37: tokenFile: @/token: No such file or directory");
    for (size_t i = 0; i < COUNT(rows); i++) {
        write_file("token", rows[i][0]);
        expect_read(read_config, rows[i][1]);
    }
}

static bool read_in_cluster(struct kubeconfig *out, struct error *err)
{
    return kubeconfig_in_cluster(folder, &arena, out, err);
}

static void a_pod_knows_its_cluster(void **state)
{
    struct kubeconfig got;
    struct error err = {0};

    unsetenv("KUBERNETES_SERVICE_HOST");
    setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    expect_read(read_in_cluster, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: "
                                 "this is no pod of a cluster");
    setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
    expect_read(read_in_cluster, "service account: @/ca.crt: No such file or directory");
    write_file("ca.crt", CERTIFICATE);
    expect_read(read_in_cluster, "service account: @/token: No such file or directory");
    write_file("token", "abc");
    assert_true(read_in_cluster(&got, &err));
    assert_string_equal(got.server, "https://[fd00::1]:443");
    assert_string_equal(got.token_file, in_folder("token"));
    setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1/?x", 1);
    expect_read(read_in_cluster, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT: "
                                 "https://10.0.0.1/?x:443: expected https://HOST[:PORT][/PATH] and "
                                 "no more");
}

#define PLAIN(test) cmocka_unit_test_teardown(test, release_arena)
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLAIN(the_current_context_is_read),
        PLAIN(json_will_do_and_little_is_needed),
        PLAIN(what_is_no_kubeconfig_is_refused),
        PLAIN(text_that_is_no_yaml_is_refused_at_its_place),
        PLAIN(clusters_that_can_not_be_used_are_refused),
        PLAIN(users_that_can_not_be_used_are_refused),
        IN_FOLDER(files_must_be_there_and_hold_what_they_should),
        IN_FOLDER(keys_must_be_plain),
        IN_FOLDER(tokens_must_be_fit_for_a_header),
        IN_FOLDER(a_pod_knows_its_cluster),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
