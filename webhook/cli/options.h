/* options: a command's options as a table, its help, and the arguments that are left. */
#pragma once

#include <stdint.h>

#include "base/strings.h"

/* One option: `--name VALUE` or `--name=VALUE` and, with a letter, `-o VALUE` or `-oVALUE`. One of
 * the destinations is set, and what it points to holds the default. All but `list` and `flag` may
 * be given once only. */
struct option_row {
    const char *name;     /* "tls-cert" */
    char letter;          /* 'o'; 0: none */
    const char *argument; /* how the help names the value: "FILE"; NULL for a flag */
    const char *help;     /* sentences; wrapped where they are printed */
    bool is_required;

    bool *flag;
    const char **text;
    const char *const *choices; /* what `text` may be, NULL-terminated; NULL: anything */
    struct strings *list;       /* every value given */
    int64_t *milliseconds;      /* 90s, 500ms, 2m, 1h; a figure alone is seconds */
    int64_t *size;              /* 64Ki, 100Mi, 1Gi; a figure alone is bytes */
    int64_t *number;
    int64_t min, max; /* of milliseconds, size and number */
};

struct command {
    const char *name;     /* "serve" */
    const char *operands; /* how the usage line names them: "FILE..."; NULL: there are none */
    size_t operands_min, operands_max;
    const char *const *operand_words; /* what an operand may be, for the shells; NULL: files or
                                         directories, as `operands` says */
    const char *purpose;              /* one paragraph */
    const char *examples;             /* whole lines */
    const char *exits;                /* whole lines: "0  drained and ended\n" */
    const struct option_row *options;
    size_t option_count;
};

struct arguments {
    struct arena *arena; /* set by the caller */
    struct strings operands;
    int status; /* where options_parse is false: how to end */
};

/* False where the command is to end at once: help, its manual page or what completes its call was
 * printed (status 0), or a mistake was told in
 * one line on stderr (status 2). argv[0] is the command's name. */
bool options_parse(const struct command *command, int argc, char **argv,
                   struct arguments *out) MUST_CHECK;

/* Tell in one line on stderr what is wrong with the call: "fairgate serve: ...". Returns 2. */
int options_complain(const struct command *command, const char *format, ...) PRINTF_LIKE(2, 3);

/* What --time says, or now. */
bool options_read_time(const char *text, int64_t *out, struct error *err) MUST_CHECK;
