#include "http/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"

enum { WRITE_MAX_BYTES = 256 * 1024, READER_WAIT_MS = 100, DEFAULT_KEEP = 5 };

/* Does a file that somebody left end within a line? */
static bool ends_torn(const char *path, off_t size)
{
    int fd = size > 0 ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    char last = '\n';

    if (fd < 0)
        return false;
    if (pread(fd, &last, 1, size - 1) != 1)
        last = '\n';
    close(fd);
    return last != '\n';
}

/* `file` is as it was where it fails. */
static bool open_path(struct audit_file *file, struct error *err)
{
    const char *path = file->config.path;
    /* A FIFO that nobody reads would have to be waited for. */
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
    struct stat status = {0};

    if (fd < 0 && errno != ENXIO)
        return error_set(err, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        fstat(fd, &status);
    audit_file_close(file);
    *file = (struct audit_file){
        .config = file->config,
        .fd = fd,
        .is_regular = S_ISREG(status.st_mode),
        .is_torn = S_ISREG(status.st_mode) ? ends_torn(path, status.st_size) : file->is_open,
    };
    return true;
}

bool audit_file_open(struct audit_file *file, const struct audit_file_config *config,
                     struct error *err)
{
    struct stat status;

    *file = (struct audit_file){.config = *config, .fd = -1};
    if (strcmp(config->path, "-") != 0)
        return open_path(file, err);
    file->fd = STDOUT_FILENO;
    file->is_regular = fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode);
    return true;
}

bool audit_file_reopen(struct audit_file *file, struct error *err)
{
    return open_path(file, err);
}

bool audit_file_is_removed(const struct audit_file *file)
{
    struct stat status;

    return file->is_regular && file->fd != STDOUT_FILENO && fstat(file->fd, &status) == 0 &&
           status.st_nlink == 0;
}

void audit_file_close(struct audit_file *file)
{
    if (file->fd >= 0 && file->fd != STDOUT_FILENO)
        close(file->fd);
    file->fd = -1;
}

/* Whole lines of `max` bytes together, or of one that is longer the first `max`. What is written to
 * a pipe at once is not mixed with what others write there as long as it has PIPE_BUF bytes. */
static size_t portion(struct bytes lines, size_t max)
{
    const char *end;

    if (lines.len <= max)
        return lines.len;
    end = memrchr(lines.data, '\n', max);
    return end ? (size_t)(end - lines.data) + 1 : max;
}

/* Is there room, or an error to be told? */
static bool has_room(const struct audit_file *file)
{
    struct pollfd question = {.fd = file->fd, .events = POLLOUT};

    return file->is_regular || poll(&question, 1, READER_WAIT_MS) > 0;
}

static size_t write_some(struct audit_file *file, struct bytes text, struct error *err)
{
    ssize_t written = write(file->fd, text.data, text.len);

    if (written > 0)
        return (size_t)written;
    if (written == 0 || (errno != EAGAIN && errno != EINTR))
        error_set(err, "%s", written == 0 ? "nothing was written" : strerror(errno));
    return 0;
}

static bool rename_to(const char *from, const char *to, struct error *err)
{
    return rename(from, to) == 0 || errno == ENOENT ||
           error_set(err, "%s: can't be renamed to %s: %s", from, to, strerror(errno));
}

/* PATH becomes PATH.1, PATH.1 PATH.2, and so on. */
static bool move_away(struct audit_file *file, struct arena *arena, struct error *err)
{
    const char *path = file->config.path, *to = NULL;

    for (int64_t i = file->config.keep ? file->config.keep : DEFAULT_KEEP; i > 0; i--) {
        const char *from = i > 1 ? arena_printf(arena, "%s.%lld", path, (long long)i - 1) : path;

        to = arena_printf(arena, "%s.%lld", path, (long long)i);
        if (!rename_to(from, to, err))
            return false;
    }
    if (open_path(file, err))
        return true;
    /* The old file goes on under its name. */
    if (to)
        (void)rename(to, path);
    return false;
}

static void rotate(struct audit_file *file, int64_t size)
{
    bool was_stuck = file->rotate_at;
    struct arena arena = {0};
    struct error err = {0};

    if (move_away(file, &arena, &err)) {
        if (was_stuck)
            log_warning("the audit log is rotated again", "file", file->config.path);
    } else {
        if (!was_stuck)
            log_error("audit log not rotated, the old file goes on", "error", err.text);
        file->rotate_at = size + file->config.max_bytes;
    }
    arena_release(&arena);
}

/* How many bytes of `lines` go into the file at once, which is rotated where none do. */
static size_t make_room(struct audit_file *file, struct bytes lines)
{
    int64_t max = file->config.max_bytes, line;
    const char *end = memchr(lines.data, '\n', lines.len);
    struct stat status = {0};

    if (max == 0 || file->fd == STDOUT_FILENO || file->is_open || fstat(file->fd, &status) != 0)
        return WRITE_MAX_BYTES;
    line = end ? end - lines.data + 1 : (int64_t)lines.len;
    if (file->rotate_at > max)
        max = file->rotate_at;
    if (status.st_size > 0 && status.st_size + line > max) {
        rotate(file, status.st_size);
        return (size_t)line;
    }
    max -= status.st_size;
    return (size_t)(max < line ? line : max < WRITE_MAX_BYTES ? max : WRITE_MAX_BYTES);
}

size_t audit_file_write(struct audit_file *file, struct bytes lines, struct error *err)
{
    size_t max, written;

    if (file->fd < 0 && !open_path(file, err))
        return 0;
    if (file->fd < 0) {
        error_set(err, "nobody reads from it");
        return 0;
    }
    if (!has_room(file))
        return 0;
    max = file->is_regular ? make_room(file, lines) : PIPE_BUF;
    if (file->is_torn && write_some(file, BYTES("\n"), err) == 0)
        return 0;
    file->is_torn = false;
    written = write_some(file, (struct bytes){lines.data, portion(lines, max)}, err);
    if (written > 0)
        file->is_open = lines.data[written - 1] != '\n';
    return written;
}
