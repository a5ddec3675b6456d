#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "unit/unit.h"

static struct arena arena;
static char folder[] = "/tmp/fairgate-file-XXXXXX";

static int make_folder(void **state)
{
    memset(folder + sizeof(folder) - 7, 'X', 6);
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    return remove(path);
}

static int remove_folder(void **state)
{
    arena_release(&arena);
    return nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *in_folder(const char *name)
{
    return arena_printf(&arena, "%s/%s", folder, name);
}

static void write_file(const char *name, struct bytes content)
{
    int fd = open(in_folder(name), O_CREAT | O_WRONLY | O_EXCL, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content.data, content.len), content.len);
    close(fd);
}

static void make_files(const char *const *names)
{
    for (; *names; names++) {
        if (bytes_has_suffix(bytes_from(*names), BYTES("/")))
            assert_int_equal(mkdir(in_folder(*names), 0700), 0);
        else
            write_file(*names, BYTES("x"));
    }
}

static void link_to(const char *target, const char *name)
{
    assert_int_equal(symlink(target, in_folder(name)), 0);
}

static void files_are_read_whole(void **state)
{
    static const size_t sizes[] = {0, 1, 4096, 65535, 65536, 65537, 1000000};

    for (size_t i = 0; i < COUNT(sizes); i++) {
        char *content = arena_alloc(&arena, sizes[i]);
        const char *name = arena_printf(&arena, "%zu", sizes[i]);
        struct bytes got;
        struct error err = {0};

        for (size_t at = 0; at < sizes[i]; at++)
            content[at] = (char)(at * 7);
        write_file(name, (struct bytes){content, sizes[i]});
        /* As large as it may be, and one byte larger. */
        assert_true(file_read(in_folder(name), sizes[i], &arena, &got, &err));
        assert_true(bytes_equal(got, (struct bytes){content, sizes[i]}));
        if (sizes[i] == 0)
            continue;
        got = BYTES("untouched");
        assert_false(file_read(in_folder(name), sizes[i] - 1, &arena, &got, &err));
        assert_true(err.is_limit);
        assert_string_equal(err.text, arena_printf(&arena, "%s: larger than %zu bytes",
                                                   in_folder(name), sizes[i] - 1));
        assert_true(bytes_is(got, "untouched"));
    }
}

/* What has no size beforehand: files of /proc, pipes. */
static void what_has_no_size_is_read_to_its_end(void **state)
{
    struct bytes got;
    struct error err = {0};
    int ends[2];

    assert_true(file_read("/proc/self/stat", 65536, &arena, &got, &err));
    assert_true(got.len > 10);
    err = (struct error){0};
    assert_false(file_read("/proc/self/stat", 3, &arena, &got, &err));
    assert_true(err.is_limit);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "hello", 5), 5);
    close(ends[1]);
    assert_true(
        file_read(arena_printf(&arena, "/proc/self/fd/%d", ends[0]), 5, &arena, &got, &err));
    close(ends[0]);
    assert_true(bytes_is(got, "hello"));
}

static void a_pipe_without_a_writer_is_not_waited_for(void **state)
{
    struct bytes got = BYTES("untouched");
    struct error err = {0};
    int end;

    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    assert_true(file_read_now(in_folder("pipe"), 5, &arena, &got, &err));
    assert_int_equal(got.len, 0);
    end = open(in_folder("pipe"), O_RDWR | O_CLOEXEC);
    assert_int_equal(write(end, "hello!", 6), 6);
    assert_false(file_read_now(in_folder("pipe"), 5, &arena, &got, &err));
    assert_string_equal(err.text,
                        arena_printf(&arena, "%s: larger than 5 bytes", in_folder("pipe")));
    close(end);
    write_file("file", BYTES("hello"));
    assert_true(file_read_now(in_folder("file"), 5, &arena, &got, &err));
    assert_true(bytes_is(got, "hello"));
    err = (struct error){0};
    assert_false(file_read_now(in_folder("none"), 5, &arena, &got, &err));
    assert_string_equal(err.text,
                        arena_printf(&arena, "%s: No such file or directory", in_folder("none")));
}

static void a_hyphen_is_standard_input(void **state)
{
    int saved = dup(STDIN_FILENO), fd;
    struct bytes got;
    struct error err = {0};

    write_file("input", BYTES("from stdin"));
    for (int i = 0; i < 2; i++) {
        fd = open(in_folder("input"), O_RDONLY);
        assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
        close(fd);
        assert_int_equal(file_read("-", i == 0 ? 10 : 9, &arena, &got, &err), i == 0);
    }
    assert_string_equal(err.text, "standard input: larger than 9 bytes");
    assert_true(bytes_is(got, "from stdin"));
    dup2(saved, STDIN_FILENO);
    close(saved);
}

static void what_cannot_be_read_is_named(void **state)
{
    struct bytes got;
    struct error err = {0};

    assert_false(file_read(in_folder("missing"), 10, &arena, &got, &err));
    assert_string_equal(err.text,
                        arena_printf(&arena, "%s/missing: No such file or directory", folder));
    assert_false(err.is_limit);
    assert_false(file_read(folder, 10, &arena, &got, &err));
    assert_string_equal(err.text, arena_printf(&arena, "%s: Is a directory", folder));
}

/* The paths, separated by blanks. */
static const char *list(const char *directory)
{
    static const char *const endings[] = {".yaml", ".yml", NULL};
    struct strings found = {0};
    struct error err = {0};
    const char *text = "";

    if (!file_list(directory, endings, &arena, &found, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < found.count; i++)
        text = arena_printf(&arena, "%s%s%s", text, i ? " " : "", found.items[i]);
    return text;
}

static void folders_are_listed_in_the_order_of_bytes(void **state)
{
    static const char *const names[] = {"b.yaml",
                                        "a.yml",
                                        "B.yaml",
                                        "a/",
                                        "a/z.yaml",
                                        "a/b/",
                                        "a/b/c.yaml",
                                        "a-b.yaml",
                                        "note.txt",
                                        "yaml",
                                        "x.yaml.bak",
                                        "empty/",
                                        ".hidden.yaml",
                                        ".git/",
                                        ".git/c.yaml",
                                        "a.YAML",
                                        "like.yaml/",
                                        "like.yaml/in.yaml",
                                        NULL};

    make_files(names);
    assert_string_equal(list(folder), "B.yaml a-b.yaml a.yml a/b/c.yaml a/z.yaml b.yaml "
                                      "like.yaml/in.yaml");
    assert_string_equal(list(in_folder("empty")), "");
}

/* A ConfigMap's volume: ..data is a link to a folder with a date for its name. */
static void a_config_map_reads_as_a_plain_folder(void **state)
{
    static const char *const names[] = {"..2026_11_21/", "..2026_11_21/tenants.yaml",
                                        "..2026_11_21/cluster.yaml", NULL};

    make_files(names);
    link_to("..2026_11_21", "..data");
    link_to("..data/tenants.yaml", "tenants.yaml");
    link_to("..data/cluster.yaml", "cluster.yaml");
    assert_string_equal(list(folder), "cluster.yaml tenants.yaml");
}

static void links_are_followed(void **state)
{
    static const char *const names[] = {"a/", "a/x.yaml", NULL};

    make_files(names);
    link_to("a", "b");
    link_to("a/x.yaml", "c.yaml");
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    assert_string_equal(list(folder), "a/x.yaml b/x.yaml c.yaml");
    assert_string_equal(list(in_folder("b")), "x.yaml");
}

static void expect_list_error(const char *directory, const char *error)
{
    static const char *const endings[] = {".yaml", NULL};
    struct strings found = {0};
    struct error err = {0};

    assert_false(file_list(directory, endings, &arena, &found, &err));
    if (!strstr(err.text, error))
        fail_msg("%s", err.text);
}

static void folders_that_cannot_be_listed_are_named(void **state)
{
    static const char *const names[] = {"loop/", "loop/in/", "dangling/", "pipe/",
                                        "null/", "file",     NULL};

    make_files(names);
    link_to("..", "loop/in/up");
    link_to("nowhere.yaml", "dangling/x.yaml");
    assert_int_equal(mkfifo(in_folder("pipe/x.yaml"), 0600), 0);
    link_to("/dev/null", "null/x.yaml");
    expect_list_error(in_folder("missing"), "/missing: No such file or directory");
    expect_list_error(in_folder("file"), "/file: not a folder");
    expect_list_error(in_folder("loop"), "/loop/in/up: the folder contains itself");
    expect_list_error(in_folder("pipe"), "/pipe/x.yaml: not a regular file");
    expect_list_error(in_folder("null"), "/null/x.yaml: not a regular file");
    expect_list_error(in_folder("dangling"), "/dangling/x.yaml: No such file or directory");
}

static void folders_are_not_listed_without_end(void **state)
{
    const char *path = "d";

    for (int depth = 0; depth < 40; depth++) {
        assert_int_equal(mkdir(in_folder(path), 0700), 0);
        path = arena_printf(&arena, "%s/d", path);
    }
    expect_list_error(folder, "folders deep");
}

/* Everything in the folder `d`, as it is after each of these steps in turn. */
static uint64_t fingerprint(void)
{
    static const char *const endings[] = {".yaml", NULL};

    return file_list_fingerprint(in_folder("d"), endings);
}

static void must_change(uint64_t *before)
{
    uint64_t now = fingerprint();

    assert_true(now != *before);
    *before = now;
}

static void a_fingerprint_is_another_when_a_file_is(void **state)
{
    uint64_t last = fingerprint(); /* of a folder that is missing */

    make_files((const char *const[]){"d/", NULL});
    must_change(&last);
    make_files((const char *const[]){"d/a.yaml", "d/s/", "d/s/b.yaml", NULL});
    must_change(&last);
    make_files(
        (const char *const[]){"d/c.txt", "d/.e.yaml", "d/t/", NULL}); /* nobody reads these */
    assert_int_equal(fingerprint(), last);
    make_files((const char *const[]){"d/t/f.yaml", NULL});
    must_change(&last);
    assert_int_equal(rename(in_folder("d/s"), in_folder("d/u")), 0);
    must_change(&last);
    assert_int_equal(chmod(in_folder("d/a.yaml"), 0), 0);
    must_change(&last);
    make_files((const char *const[]){"new", NULL});
    assert_int_equal(rename(in_folder("new"), in_folder("d/a.yaml")), 0);
    must_change(&last);
    assert_int_equal(truncate(in_folder("d/a.yaml"), 5), 0);
    must_change(&last);
    assert_int_equal(remove(in_folder("d/a.yaml")), 0);
    must_change(&last);
    assert_int_equal(rename(in_folder("d"), in_folder("away")), 0);
    must_change(&last);
}

static void a_fingerprint_follows_links(void **state)
{
    uint64_t first, second;

    make_files((const char *const[]){"one", "two", NULL});
    link_to("one", "link");
    first = file_fingerprint(in_folder("link"));
    assert_int_equal(file_fingerprint(in_folder("link")), first);
    assert_int_equal(remove(in_folder("link")), 0);
    link_to("two", "link");
    second = file_fingerprint(in_folder("link"));
    assert_true(second != first);
    assert_int_equal(remove(in_folder("two")), 0);
    assert_true(file_fingerprint(in_folder("link")) != second);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(files_are_read_whole),
        IN_FOLDER(what_has_no_size_is_read_to_its_end),
        IN_FOLDER(a_pipe_without_a_writer_is_not_waited_for),
        IN_FOLDER(a_hyphen_is_standard_input),
        IN_FOLDER(what_cannot_be_read_is_named),
        IN_FOLDER(folders_are_listed_in_the_order_of_bytes),
        IN_FOLDER(a_config_map_reads_as_a_plain_folder),
        IN_FOLDER(links_are_followed),
        IN_FOLDER(folders_that_cannot_be_listed_are_named),
        IN_FOLDER(folders_are_not_listed_without_end),
        IN_FOLDER(a_fingerprint_is_another_when_a_file_is),
        IN_FOLDER(a_fingerprint_follows_links),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
