#include "certs/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

enum {
    PRIVATE_MODE = 0600,
    PUBLIC_MODE = 0644,
    FOLDER_MODE = 0755,
    MOST_PATH_BYTES = 4096,
    MOST_FILE_BYTES = 1024 * 1024
};

static const char current[] = "..data", state_prefix[] = "..state-", next_link[] = "..next";

struct folder {
    const char *path;
    int fd;
    struct arena arena;
};

static bool fail(const struct folder *folder, const char *name, struct error *err)
{
    return error_set(err, "%s/%s: %s", folder->path, name, strerror(errno));
}

void folder_close(struct folder *folder)
{
    if (!folder)
        return;
    close(folder->fd);
    arena_release(&folder->arena);
    free(folder);
}

bool folder_has(const struct folder *folder, const char *name)
{
    struct stat status;

    return fstatat(folder->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

bool folder_read(const struct folder *folder, const char *name, struct arena *arena,
                 struct bytes *out, struct error *err)
{
    struct stat status;

    *out = (struct bytes){0};
    if (fstatat(folder->fd, name, &status, 0) != 0 && errno == ENOENT)
        return true;
    return file_read(arena_printf(arena, "%s/%s", folder->path, name), MOST_FILE_BYTES, arena, out,
                     err);
}

/* ---- one state of all files, in a folder of its own */

static void remove_state(const struct folder *folder, const char *state)
{
    int fd = openat(folder->fd, state, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    while (list && (entry = readdir(list)))
        unlinkat(fd, entry->d_name, 0);
    if (list)
        closedir(list);
    unlinkat(folder->fd, state, AT_REMOVEDIR);
}

/* Where ..data leads to; "" for nowhere. */
static void read_current(const struct folder *folder, char state[NAME_MAX + 1])
{
    ssize_t len = readlinkat(folder->fd, current, state, NAME_MAX);

    state[len > 0 ? len : 0] = '\0';
}

/* What runs that came to no end have left, and what is no longer current. */
static void remove_old_states(const struct folder *folder)
{
    char state[NAME_MAX + 1];
    int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    read_current(folder, state);
    while (list && (entry = readdir(list))) {
        if (!strncmp(entry->d_name, state_prefix, sizeof(state_prefix) - 1) &&
            strcmp(entry->d_name, state) != 0)
            remove_state(folder, entry->d_name);
    }
    if (list)
        closedir(list);
    unlinkat(folder->fd, next_link, 0);
}

struct folder *folder_open(const char *path, struct error *err)
{
    struct folder *folder;
    int fd = -1;

    if (mkdir(path, FOLDER_MODE) == 0 || errno == EEXIST)
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        error_set(err, "%s: %s", path, strerror(errno));
        return NULL;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        error_set(err, "%s: another run is at work here", path);
        close(fd);
        return NULL;
    }
    folder = memory_alloc(sizeof(*folder));
    folder->path = path;
    folder->fd = fd;
    remove_old_states(folder);
    return folder;
}

static bool write_all(int fd, struct bytes text)
{
    while (text.len > 0) {
        ssize_t written = write(fd, text.data, text.len);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        text = bytes_tail(text, (size_t)written);
    }
    return fsync(fd) == 0;
}

static bool write_file(const struct folder *folder, const char *state,
                       const struct folder_file *file, struct error *err)
{
    mode_t mode = file->is_secret ? PRIVATE_MODE : PUBLIC_MODE;
    char path[MOST_PATH_BYTES];
    bool is_written;
    int fd;

    snprintf(path, sizeof(path), "%s/%s", state, file->name);
    fd = openat(folder->fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    /* The caller's umask is not asked: a certificate is for everybody. */
    is_written = fd >= 0 && fchmod(fd, mode) == 0 && write_all(fd, file->text);
    if (!is_written)
        fail(folder, file->name, err);
    if (fd >= 0)
        close(fd);
    return is_written;
}

/* A new state that nothing leads to yet; its name, or NULL. */
static const char *write_state(struct folder *folder, const struct folder_file *files, size_t count,
                               struct error *err)
{
    char *path = arena_printf(&folder->arena, "%s/%sXXXXXX", folder->path, state_prefix);
    const char *state = path + strlen(folder->path) + 1;
    bool is_written = mkdtemp(path) && fchmodat(folder->fd, state, FOLDER_MODE, 0) == 0;

    if (!is_written)
        error_set(err, "%s: %s", folder->path, strerror(errno));
    for (size_t i = 0; is_written && i < count; i++)
        is_written = write_file(folder, state, &files[i], err);
    if (!is_written)
        remove_state(folder, state);
    return is_written ? state : NULL;
}

/* ---- links */

/* A link that takes the place of what has that name, at once. */
static bool put_link(const struct folder *folder, const char *name, const char *target,
                     struct error *err)
{
    unlinkat(folder->fd, next_link, 0);
    if (symlinkat(target, folder->fd, next_link) == 0 &&
        renameat(folder->fd, next_link, folder->fd, name) == 0)
        return true;
    fail(folder, name, err);
    unlinkat(folder->fd, next_link, 0);
    return false;
}

static const char *target_of(struct folder *folder, const char *name)
{
    return arena_printf(&folder->arena, "%s/%s", current, name);
}

static bool is_linked(struct folder *folder, const char *name)
{
    char target[MOST_PATH_BYTES];
    ssize_t len = readlinkat(folder->fd, name, target, sizeof(target));

    return len > 0 && bytes_is((struct bytes){target, (size_t)len}, target_of(folder, name));
}

static bool is_laid_out(struct folder *folder, const struct folder_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_linked(folder, files[i].name))
            return false;
    }
    return true;
}

/* Links in place of plain files, by way of a state that holds what these do: so nothing changes but
 * how it is stored. */
static bool lay_out(struct folder *folder, const struct folder_file *files, size_t count,
                    struct error *err)
{
    struct folder_file *now = arena_alloc(&folder->arena, count * sizeof(*now));
    size_t there = 0;
    const char *state;

    for (size_t i = 0; i < count; i++) {
        if (!folder_has(folder, files[i].name))
            continue;
        now[there] = files[i];
        if (!folder_read(folder, files[i].name, &folder->arena, &now[there++].text, err))
            return false;
    }
    state = there > 0 ? write_state(folder, now, there, err) : NULL;
    if (there > 0 && (!state || !put_link(folder, current, state, err)))
        return false;
    for (size_t i = 0; i < there; i++) {
        if (!put_link(folder, now[i].name, target_of(folder, now[i].name), err))
            return false;
    }
    return true;
}

/* The names that have no link yet get one, which leads nowhere until the state comes that has it.
 */
static bool add_links(struct folder *folder, const struct folder_file *files, size_t count,
                      struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (is_linked(folder, files[i].name) ||
            put_link(folder, files[i].name, target_of(folder, files[i].name), err))
            continue;
        return false;
    }
    return true;
}

/* After a failure: links that lead nowhere. */
static void remove_dead_links(struct folder *folder, const struct folder_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_linked(folder, files[i].name) && faccessat(folder->fd, files[i].name, F_OK, 0) != 0)
            unlinkat(folder->fd, files[i].name, 0);
    }
}

bool folder_replace(struct folder *folder, const struct folder_file *files, size_t count,
                    struct error *err)
{
    const char *state = write_state(folder, files, count, err);
    bool is_replaced =
        state && (is_laid_out(folder, files, count) || lay_out(folder, files, count, err)) &&
        add_links(folder, files, count, err) && put_link(folder, current, state, err);

    if (!is_replaced)
        remove_dead_links(folder, files, count);
    fsync(folder->fd);
    remove_old_states(folder);
    return is_replaced;
}
