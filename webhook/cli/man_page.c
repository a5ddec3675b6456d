#include "cli/man_page.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/version.h"

/* Text in which roff finds nothing of its own. */
static void print_text(const char *text, size_t len)
{
    if (len && strchr(".'", text[0]))
        printf("\\&");
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\\')
            printf("\\e");
        else if (text[i] == '-')
            printf("\\-");
        else
            putchar(text[i]);
    }
}

static void print_line(const char *text)
{
    print_text(text, strlen(text));
    putchar('\n');
}

/* In bold, or in italics: font 'B' or 'I'. */
static void print_word(char font, const char *text)
{
    printf("\\f%c", font);
    print_text(text, strlen(text));
    printf("\\fR");
}

/* "fairgate certs issue" as a page is called: fairgate\-certs\-issue. */
static void print_page_name(const char *name, bool is_upper)
{
    for (const char *c = name; *c; c++) {
        if (*c == ' ')
            printf("\\-");
        else
            putchar(is_upper ? toupper((unsigned char)*c) : *c);
    }
}

void man_page_print_head(const char *name, const char *summary)
{
    printf(".TH ");
    print_page_name(name, true);
    printf(" 1 \"\" \"fairgate %s\" \"User Commands\"\n.SH NAME\n", version);
    print_page_name(name, false);
    printf(" \\- ");
    print_line(summary);
}

/* `KIND...` as it is: what a call gives in its place is the reader's. */
static void print_synopsis(const struct command *command)
{
    printf(".SH SYNOPSIS\n");
    print_word('B', "fairgate");
    putchar(' ');
    print_word('B', command->name);
    for (size_t i = 0; i < command->option_count; i++) {
        const struct option_row *row = &command->options[i];

        if (!row->is_required)
            continue;
        printf(" \\fB\\-\\-%s\\fR ", row->name);
        print_word('I', row->argument);
    }
    printf(" [\\fIOPTION\\fR]...");
    if (command->operands) {
        putchar(' ');
        print_word('I', command->operands);
    }
    putchar('\n');
}

static void print_option(const struct option_row *row)
{
    printf(".TP\n");
    if (row->letter)
        printf("\\fB\\-%c\\fR, ", row->letter);
    printf("\\fB\\-\\-%s\\fR", row->name);
    if (row->argument) {
        putchar(' ');
        print_word('I', row->argument);
    }
    putchar('\n');
    print_line(row->help);
}

/* Each line as it is. */
static void print_examples(const char *lines)
{
    if (!lines)
        return;
    printf(".SH EXAMPLES\n.nf\n");
    for (size_t len; *lines; lines += len + (lines[len] == '\n')) {
        len = strcspn(lines, "\n");
        print_text(lines, len);
        putchar('\n');
    }
    printf(".fi\n");
}

/* "0  all passed": the code, blanks, what it means. */
static void print_exits(const char *lines)
{
    if (!lines)
        return;
    printf(".SH EXIT STATUS\n");
    for (size_t len; *lines; lines += len + (lines[len] == '\n')) {
        size_t code = strcspn(lines, " "), gap = strspn(lines + code, " ");

        len = strcspn(lines, "\n");
        printf(".TP\n\\fB%.*s\\fR\n", (int)code, lines);
        print_text(lines + code + gap, len - code - gap);
        putchar('\n');
    }
}

void man_page_print(const struct command *command)
{
    static const struct option_row help = {.name = "help",
                                           .letter = 'h',
                                           .help = "Show the options."};

    print_synopsis(command);
    printf(".SH DESCRIPTION\n");
    print_line(command->purpose);
    printf(".SH OPTIONS\n");
    for (size_t i = 0; i < command->option_count; i++)
        print_option(&command->options[i]);
    print_option(&help);
    print_examples(command->examples);
    print_exits(command->exits);
    printf(".SH SEE ALSO\n.BR fairgate (1)\n");
}

void man_page_print_index(const struct group *group)
{
    printf(".SH SYNOPSIS\n\\fB%s\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]...\n"
           ".SH DESCRIPTION\n",
           group->name);
    print_line(group->purpose);
    printf(".SH COMMANDS\n");
    for (size_t i = 0; i < group->count; i++) {
        printf(".TP\n");
        print_word('B', group->rows[i].name);
        putchar('\n');
        print_line(group->rows[i].summary);
    }
    printf(".SH EXIT STATUS\n");
    print_line(PROGRAM_EXITS);
    printf(".SH SEE ALSO\n");
    for (size_t i = 0; i < group->count; i++) {
        printf(".BR ");
        print_page_name(group->name, false);
        printf("\\-%s (1)%s\n", group->rows[i].name, i + 1 < group->count ? "," : "");
    }
}
