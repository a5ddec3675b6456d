#include "cli/help.h"

#include <stdio.h>
#include <string.h>

enum { HELP_WIDTH = 80 };

void help_print_wrapped(const char *text, size_t indent)
{
    size_t column = indent;

    while (*text) {
        size_t len = strcspn(text, " \n");

        if (column > indent && column + 1 + len > HELP_WIDTH) {
            printf("\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            putchar(' ');
            column++;
        }
        printf("%.*s", (int)len, text);
        column += len;
        text += len;
        text += strspn(text, " \n");
    }
    putchar('\n');
}

static void print_block(const char *title, const char *lines)
{
    if (!lines)
        return;
    printf("\n%s:\n", title);
    while (*lines) {
        size_t len = strcspn(lines, "\n");

        printf("  %.*s\n", (int)len, lines);
        lines += len + (lines[len] == '\n');
    }
}

/* "-o, --output FORMAT" */
static int option_title(const struct option_row *row, char *title, size_t size)
{
    char letter[8] = "";

    if (row->letter)
        snprintf(letter, sizeof(letter), "-%c, ", row->letter);
    return snprintf(title, size, "%s--%s%s%s", letter, row->name, row->argument ? " " : "",
                    row->argument ? row->argument : "");
}

static void print_options(const struct command *command)
{
    size_t widest = strlen("-h, --help");
    char title[80];

    for (size_t i = 0; i < command->option_count; i++) {
        size_t width = (size_t)option_title(&command->options[i], title, sizeof(title));

        if (width > widest)
            widest = width;
    }
    printf("\nOptions:\n");
    for (size_t i = 0; i < command->option_count; i++) {
        option_title(&command->options[i], title, sizeof(title));
        printf("  %-*s  ", (int)widest, title);
        help_print_wrapped(command->options[i].help, widest + 4);
    }
    printf("  %-*s  show this\n", (int)widest, "-h, --help");
}

void help_print(const struct command *command)
{
    size_t optional = 0;

    printf("Usage: fairgate %s", command->name);
    for (size_t i = 0; i < command->option_count; i++) {
        const struct option_row *row = &command->options[i];

        if (row->is_required)
            printf(" --%s %s", row->name, row->argument);
        else
            optional++;
    }
    printf("%s%s%s\n\n", optional ? " [OPTION]..." : "", command->operands ? " " : "",
           command->operands ? command->operands : "");
    help_print_wrapped(command->purpose, 0);
    print_options(command);
    print_block("Examples", command->examples);
    print_block("Exit codes", command->exits);
}
