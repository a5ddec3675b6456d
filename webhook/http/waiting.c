#include "http/waiting.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/node.h"

enum { MOST_MISTAKES = 100, MOST_BYTES = 256 * 1024 };

/* By the name of what its files are for. */
struct fault {
    const char *name, *text;
    const char *option; /* which the text doesn't tell; NULL: it does without */
};

static void list_faults(const struct file_faults *faults, struct fault out[3])
{
    out[0] = (struct fault){"certificate", faults->certificate.text};
    out[1] = (struct fault){"path secret", faults->path_secret.text, "--path-secret-file"};
    out[2] = (struct fault){"policy set", faults->policies.text};
}

static void write_mistakes(const struct problems *mistakes, struct buf *buf)
{
    size_t shown = 0;

    for (size_t i = 0; i < mistakes->count && shown < MOST_MISTAKES; i++) {
        const struct problem *one = &mistakes->items[i];

        if (one->is_warning)
            continue;
        shown++;
        buf_printf(buf, "policy set: %s:", one->source->name);
        if (one->line > 0)
            buf_printf(buf, "%u:%u:", one->line, one->column);
        buf_printf(buf, " %s\n", one->text);
    }
    if (shown < mistakes->error_count)
        buf_printf(buf, "policy set: %zu more mistakes\n", mistakes->error_count - shown);
}

/* As lines that readiness is told with. */
static char *write_faults(const struct file_faults *faults)
{
    struct buf buf;
    struct fault all[3];
    char *text;

    buf_init(&buf, faults->mistakes->arena, MOST_BYTES);
    list_faults(faults, all);
    for (size_t i = 0; i < 3; i++) {
        if (*all[i].text)
            buf_printf(&buf, "%s: %s\n", all[i].name, all[i].text);
    }
    write_mistakes(faults->mistakes, &buf);
    text = memory_alloc(buf.len + 1);
    memcpy(text, buf.data, buf.len);
    return text;
}

static void log_faults(const struct waiting *waiting, const struct file_faults *faults)
{
    struct fault all[3];

    list_faults(faults, all);
    for (size_t i = 0; i < 3; i++) {
        if (*all[i].text)
            log_error(all[i].name, "problem", all[i].text);
    }
    service_log_problems(faults->mistakes);
    log_error("not ready until these files can be used", "admin", waiting->admin);
}

/* Each fault once, as long as it is the same. */
static void tell(const struct waiting *waiting, const struct file_faults *faults)
{
    struct snapshot_cell *cell = &waiting->service->waits_for;
    struct snapshot_reader reader = {0};
    const char *told = snapshot_read(cell, &reader);
    char *text = write_faults(faults);
    bool is_new = !told || strcmp(told, text) != 0;

    snapshot_reader_release(&reader);
    snapshot_cell_swap(cell, text, free);
    if (is_new)
        log_faults(waiting, faults);
}

static bool try_to_read(const struct waiting *waiting)
{
    struct arena arena = {0};
    struct problems mistakes = {.arena = &arena};
    struct file_faults faults = {.mistakes = &mistakes};
    bool is_read;

    renewal_init(waiting->renewal, waiting->service);
    is_read = service_read(waiting->service, &faults);
    if (is_read)
        service_log_problems(&mistakes);
    else
        tell(waiting, &faults);
    arena_release(&arena);
    return is_read;
}

bool waiting_read(const struct waiting *waiting)
{
    static const struct timespec pause = {.tv_sec = 1};

    while (!try_to_read(waiting)) {
        if (sigtimedwait(waiting->ends, NULL, &pause) > 0)
            return false;
    }
    return true;
}

bool waiting_tell_first(const struct file_faults *faults, struct error *err)
{
    struct fault all[3];

    list_faults(faults, all);
    for (size_t i = 0; i < 3; i++) {
        if (*all[i].text)
            return error_set(err, "%s%s%s", all[i].option ? all[i].option : "",
                             all[i].option ? ": " : "", all[i].text);
    }
    return error_set(err, "the policy set has mistakes");
}
