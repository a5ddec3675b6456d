#include "cli/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/instant.h"
#include "cli/complete.h"
#include "cli/help.h"
#include "cli/man_page.h"

/* One call being read. */
struct call {
    const struct command *command;
    struct arguments *out;
    char **argv;
    int argc, at;
    bool *given; /* one an option */
};

int options_complain(const struct command *command, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "fairgate %s: ", command->name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return EXIT_UNUSABLE;
}

static const char *quote(const struct call *call, const char *text)
{
    return text_quote(call->out->arena, bytes_from(text));
}

static bool complain_unknown(const struct call *call, const char *name, size_t len)
{
    const struct command *command = call->command;
    const char **names =
        arena_alloc(call->out->arena, (command->option_count + 1) * sizeof(*names));
    const char *nearest;

    for (size_t i = 0; i < command->option_count; i++)
        names[i] = command->options[i].name;
    names[command->option_count] = "help";
    nearest = strings_nearest(names, command->option_count + 1, (struct bytes){name, len});
    options_complain(command, "unknown option --%s%s%s%s",
                     text_quote(call->out->arena, (struct bytes){name, len}),
                     nearest ? "; did you mean --" : "", nearest ? nearest : "",
                     nearest ? "?" : "; see --help");
    return false;
}

/* A whole, not negative figure at the start of `text`; `*end` is what follows. */
static bool read_figure(const char *text, int64_t *out, const char **end)
{
    int64_t value = 0;

    if (*text < '0' || *text > '9')
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *text - '0', &value))
            return false;
    }
    *out = value;
    *end = text;
    return true;
}

/* What may follow a figure, and how much one of it is. */
struct unit {
    const char *name;
    int64_t value;
};

static const struct unit times[] = {{"", 1000},   {"ms", 1},      {"s", 1000},
                                    {"m", 60000}, {"h", 3600000}, {0}};
static const struct unit sizes[] = {
    {"", 1}, {"Ki", 1 << 10}, {"Mi", 1 << 20}, {"Gi", 1 << 30}, {0}};
static const struct unit none[] = {{"", 1}, {0}};

/* A kind of figure: where it goes, and how mistakes speak of it. */
struct figure_kind {
    int64_t *out;
    const struct unit *units;
    const char *example, *suffix;
};

static struct figure_kind kind_of(const struct option_row *row)
{
    if (row->milliseconds)
        return (struct figure_kind){row->milliseconds, times, "a time such as 90s, 500ms or 2m",
                                    " ms"};
    if (row->size)
        return (struct figure_kind){row->size, sizes, "a size such as 64Ki, 100Mi or 1Gi",
                                    " bytes"};
    return (struct figure_kind){row->number, none, "a whole number", ""};
}

static bool read_amount(const char *text, const struct unit *units, int64_t *out)
{
    const char *rest;
    int64_t figure;

    if (!read_figure(text, &figure, &rest))
        return false;
    for (const struct unit *unit = units; unit->name; unit++) {
        if (!strcmp(unit->name, rest))
            return !__builtin_mul_overflow(figure, unit->value, out);
    }
    return false;
}

static bool store_figure(const struct call *call, const struct option_row *row, const char *value)
{
    const struct figure_kind kind = kind_of(row);
    int64_t figure;

    if (!read_amount(value, kind.units, &figure))
        options_complain(call->command, "--%s: expected %s, got \"%s\"", row->name, kind.example,
                         quote(call, value));
    else if (figure < row->min || figure > row->max)
        options_complain(call->command, "--%s: expected %lld to %lld%s, got \"%s\"", row->name,
                         (long long)row->min, (long long)row->max, kind.suffix, quote(call, value));
    else {
        *kind.out = figure;
        return true;
    }
    return false;
}

static bool store_choice(const struct call *call, const struct option_row *row, const char *value)
{
    struct strings choices = {0};
    const char *nearest;

    for (const char *const *choice = row->choices; *choice; choice++) {
        if (!strcmp(*choice, value)) {
            *row->text = value;
            return true;
        }
        strings_add(&choices, call->out->arena, *choice);
    }
    nearest = strings_nearest(choices.items, choices.count, bytes_from(value));
    options_complain(call->command, "--%s: expected %s, got \"%s\"%s%s%s", row->name,
                     strings_join(&choices, choices.count, call->out->arena), quote(call, value),
                     nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    return false;
}

static bool store(const struct call *call, const struct option_row *row, const char *value)
{
    bool *given = &call->given[row - call->command->options];

    if (*given && !row->list) {
        options_complain(call->command, "--%s is given twice", row->name);
        return false;
    }
    *given = true;
    if (row->list) {
        strings_add(row->list, call->out->arena, value);
        return true;
    }
    if (row->text && row->choices)
        return store_choice(call, row, value);
    if (row->text) {
        *row->text = value;
        return true;
    }
    return store_figure(call, row, value);
}

/* `value` is what was written together with the option, or NULL. */
static bool read_option(struct call *call, const struct option_row *row, const char *value)
{
    if (row->flag) {
        if (value) {
            options_complain(call->command, "--%s takes no value", row->name);
            return false;
        }
        *row->flag = true;
        return true;
    }
    if (!value && call->at + 1 >= call->argc) {
        options_complain(call->command, "--%s needs a value: --%s %s", row->name, row->name,
                         row->argument);
        return false;
    }
    return store(call, row, value ? value : call->argv[++call->at]);
}

static bool read_long(struct call *call, const char *text)
{
    const char *value = strchr(text, '=');
    size_t len = value ? (size_t)(value - text) : strlen(text);

    for (size_t i = 0; i < call->command->option_count; i++) {
        const struct option_row *row = &call->command->options[i];

        if (strlen(row->name) == len && !memcmp(row->name, text, len))
            return read_option(call, row, value ? value + 1 : NULL);
    }
    return complain_unknown(call, text, len);
}

static bool read_letter(struct call *call, const char *text)
{
    for (size_t i = 0; i < call->command->option_count; i++) {
        const struct option_row *row = &call->command->options[i];

        if (row->letter && row->letter == text[0])
            return read_option(call, row, text[1] ? text + 1 + (text[1] == '=') : NULL);
    }
    options_complain(call->command, "unknown option -%s; see --help", quote(call, text));
    return false;
}

static bool read_all(struct call *call)
{
    bool only_operands = false;

    for (call->at = 1; call->at < call->argc; call->at++) {
        const char *text = call->argv[call->at];
        bool is_sound = true;

        if (only_operands || text[0] != '-' || !text[1])
            strings_add(&call->out->operands, call->out->arena, text);
        else if (!strcmp(text, "--"))
            only_operands = true;
        else if (text[1] == '-')
            is_sound = read_long(call, text + 2);
        else
            is_sound = read_letter(call, text + 1);
        if (!is_sound)
            return false;
    }
    return true;
}

static bool is_complete(const struct call *call)
{
    const struct command *command = call->command;
    size_t count = call->out->operands.count;

    for (size_t i = 0; i < command->option_count; i++) {
        const struct option_row *row = &command->options[i];

        if (row->is_required && !call->given[i]) {
            options_complain(command, "--%s %s is missing; see --help", row->name, row->argument);
            return false;
        }
    }
    if (count < command->operands_min) {
        options_complain(command, "%s is missing; see --help", command->operands);
        return false;
    }
    if (count > command->operands_max) {
        options_complain(command, "unexpected argument \"%s\"; see --help",
                         quote(call, call->out->operands.items[command->operands_max]));
        return false;
    }
    return true;
}

/* Was one of these given, before what follows `--`? */
static bool has_word(int argc, char **argv, const char *word, const char *other)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (!strcmp(argv[i], word) || !strcmp(argv[i], other))
            return true;
    }
    return false;
}

/* What is asked about the command, not of it. */
static bool tell_about(const struct command *command, int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], COMPLETE_OPTION))
        complete_command(command, argc - 2, argv + 2);
    else if (has_word(argc, argv, "--help", "-h"))
        help_print(command);
    else if (has_word(argc, argv, MAN_PAGE_OPTION, MAN_PAGE_OPTION))
        man_page_print(command);
    else
        return false;
    return true;
}

bool options_parse(const struct command *command, int argc, char **argv, struct arguments *out)
{
    struct call call = {command, out, argv, argc, 1, NULL};

    if (tell_about(command, argc, argv)) {
        out->status = EXIT_YES;
        return false;
    }
    call.given = arena_alloc(out->arena, command->option_count * sizeof(*call.given));
    out->status = EXIT_UNUSABLE;
    return read_all(&call) && is_complete(&call);
}

bool options_read_time(const char *text, int64_t *out, struct error *err)
{
    if (text)
        return instant_parse(bytes_from(text), out, err) || error_wrap(err, "--time");
    *out = clock_seconds();
    return true;
}
