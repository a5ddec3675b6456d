#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/siphash.h"

enum { MAX_FILES = 10000, MAX_FOLDER_DEPTH = 32, READ_STEP = 64 * 1024 };

static bool read_all(int fd, size_t max, struct arena *arena, struct bytes *out, struct error *err)
{
    size_t capacity = READ_STEP, len = 0;
    struct stat status;
    char *data;

    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
        capacity = (size_t)status.st_size < max ? (size_t)status.st_size + 1 : max + 1;
    data = arena_alloc_raw(arena, capacity);
    for (;;) {
        ssize_t got = read(fd, data + len, capacity - len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(err, "%s", strerror(errno));
        if (got == 0)
            break;
        len += (size_t)got;
        if (len > max)
            return error_set_limit(err, "larger than %zu bytes", max);
        if (len == capacity) {
            data = arena_grow(arena, data, capacity, capacity * 2);
            capacity *= 2;
        }
    }
    *out = (struct bytes){data, len};
    return true;
}

bool file_read(const char *path, size_t max, struct arena *arena, struct bytes *out,
               struct error *err)
{
    bool is_stdin = !strcmp(path, "-"), is_read;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return error_set(err, "%s: %s", path, strerror(errno));
    is_read = read_all(fd, max, arena, out, err) ||
              error_wrap(err, "%s", is_stdin ? "standard input" : path);
    if (!is_stdin)
        close(fd);
    return is_read;
}

bool file_read_now(const char *path, size_t max, struct arena *arena, struct bytes *out,
                   struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool is_read;

    if (fd < 0)
        return error_set(err, "%s: %s", path, strerror(errno));
    fcntl(fd, F_SETFL, 0); /* who has it open to write may take its time */
    is_read = read_all(fd, max, arena, out, err) || error_wrap(err, "%s", path);
    close(fd);
    return is_read;
}

/* The folders on the way down, to see one that contains itself. */
struct folder {
    const struct folder *parent;
    const char *path; /* relative; "" for the first */
    dev_t device;
    ino_t inode;
    int depth;
};

struct listing {
    const char *directory;
    const char *const *endings;
    struct arena *arena;
    struct strings *out;
    struct error *err;
    uint64_t fingerprint; /* the sum over all files, so that order doesn't matter */
};

static bool list_folder(struct listing *listing, struct folder *folder);

static uint64_t fingerprint_of(const char *path, const struct stat *status)
{
    const int64_t marks[] = {
        status->st_mode,        (int64_t)status->st_dev, (int64_t)status->st_ino,
        status->st_size,        status->st_mtim.tv_sec,  status->st_mtim.tv_nsec,
        status->st_ctim.tv_sec, status->st_ctim.tv_nsec,
    };
    uint64_t key[2];
    struct siphash hash;

    siphash_process_key(key);
    hash = siphash_start(key);
    siphash_add(&hash, bytes_from(path));
    siphash_add(&hash, (struct bytes){(const char *)marks, sizeof(marks)});
    return siphash_finish(&hash);
}

uint64_t file_fingerprint(const char *path)
{
    struct stat status = {0};

    if (stat(path, &status) != 0)
        status.st_size = -errno;
    return fingerprint_of(path, &status);
}

static bool ends_as_wanted(const struct listing *listing, const char *name)
{
    for (size_t i = 0; listing->endings[i]; i++) {
        if (bytes_has_suffix(bytes_from(name), bytes_from(listing->endings[i])))
            return true;
    }
    return false;
}

static bool list_entry(struct listing *listing, const struct folder *folder, const char *name)
{
    const char *path = *folder->path ? arena_printf(listing->arena, "%s/%s", folder->path, name)
                                     : arena_copy(listing->arena, bytes_from(name));
    const char *whole = arena_printf(listing->arena, "%s/%s", listing->directory, path);
    struct folder inner = {.parent = folder, .path = path, .depth = folder->depth + 1};
    struct stat status;

    if (stat(whole, &status) != 0)
        return error_set(listing->err, "%s: %s", whole, strerror(errno));
    if (S_ISDIR(status.st_mode)) {
        inner.device = status.st_dev;
        inner.inode = status.st_ino;
        return list_folder(listing, &inner);
    }
    if (!ends_as_wanted(listing, name))
        return true;
    /* Opening a pipe would wait for a writer. */
    if (!S_ISREG(status.st_mode))
        return error_set(listing->err, "%s: not a regular file", whole);
    if (listing->out->count >= MAX_FILES)
        return error_set_limit(listing->err, "%s: more than %d files", listing->directory,
                               MAX_FILES);
    listing->fingerprint += fingerprint_of(path, &status);
    strings_add(listing->out, listing->arena, path);
    return true;
}

static bool list_folder(struct listing *listing, struct folder *folder)
{
    const char *whole =
        *folder->path ? arena_printf(listing->arena, "%s/%s", listing->directory, folder->path)
                      : listing->directory;
    struct dirent *entry;
    bool is_listed = true;
    DIR *dir;

    for (const struct folder *above = folder->parent; above; above = above->parent) {
        if (above->device == folder->device && above->inode == folder->inode)
            return error_set(listing->err, "%s: the folder contains itself, through a link", whole);
    }
    if (folder->depth > MAX_FOLDER_DEPTH)
        return error_set_limit(listing->err, "%s: more than %d folders deep", whole,
                               MAX_FOLDER_DEPTH);
    dir = opendir(whole);
    if (!dir)
        return error_set(listing->err, "%s: %s", whole, strerror(errno));
    while (is_listed && (entry = readdir(dir))) {
        if (entry->d_name[0] != '.')
            is_listed = list_entry(listing, folder, entry->d_name);
    }
    closedir(dir);
    return is_listed;
}

static bool list_all(struct listing *listing)
{
    struct folder root = {.path = ""};
    struct stat status;

    if (stat(listing->directory, &status) != 0)
        return error_set(listing->err, "%s: %s", listing->directory, strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return error_set(listing->err, "%s: not a folder", listing->directory);
    root.device = status.st_dev;
    root.inode = status.st_ino;
    return list_folder(listing, &root);
}

uint64_t file_list_fingerprint(const char *directory, const char *const *endings)
{
    struct arena arena = {0};
    struct strings paths = {0};
    struct error err = {0};
    struct listing listing = {directory, endings, &arena, &paths, &err};

    if (!list_all(&listing))
        listing.fingerprint = fingerprint_of(err.text, &(struct stat){0});
    arena_release(&arena);
    return listing.fingerprint;
}

bool file_list(const char *directory, const char *const *endings, struct arena *arena,
               struct strings *out, struct error *err)
{
    struct listing listing = {directory, endings, arena, out, err};

    if (!list_all(&listing))
        return false;
    strings_sort(out);
    return true;
}
