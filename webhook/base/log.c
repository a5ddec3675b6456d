#include "base/log.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/instant.h"

enum { LINE_MAX_BYTES = 64 * 1024 };

static void add_member(struct buf *buf, const char *name, const char *value)
{
    buf_add_char(buf, ',');
    buf_add_json(buf, bytes_from(name));
    buf_add_char(buf, ':');
    buf_add_json(buf, bytes_from(value));
}

void log_write(enum log_level level, const char *const *texts)
{
    static const char *const levels[] = {"info", "warning", "error"};
    struct arena arena = {0};
    struct buf buf;
    struct bytes line;

    buf_init(&buf, &arena, LINE_MAX_BYTES);
    buf_printf(&buf, "{\"time\":\"%s\"", instant_write(time(NULL), &arena));
    add_member(&buf, "level", levels[level]);
    add_member(&buf, "message", texts[0]);
    for (size_t i = 1; texts[i] && texts[i + 1]; i += 2)
        add_member(&buf, texts[i], texts[i + 1]);
    buf_add_text(&buf, "}\n");
    line = buf_bytes(&buf);
    while (line.len > 0) {
        ssize_t written = write(STDERR_FILENO, line.data, line.len);

        if (written <= 0)
            break; /* there is nobody to tell */
        line = bytes_tail(line, (size_t)written);
    }
    arena_release(&arena);
}
