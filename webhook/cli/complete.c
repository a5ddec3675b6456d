#include "cli/complete.h"

#include <stdio.h>
#include <string.h>

static bool begins_with(const char *text, const char *word)
{
    return !strncmp(text, word, strlen(word));
}

/* `before` is what the shell takes for part of the word, and the candidates lack. */
static void print_candidate(const char *before, const char *text, const char *description)
{
    printf("%s%s", before, text);
    if (description)
        printf("\t%.*s", (int)strcspn(description, "\n"), description);
    putchar('\n');
}

/* What stands for something that people have as files. */
static void print_files(const char *argument)
{
    if (!argument)
        return;
    if (strstr(argument, "FILE"))
        printf(":files\n");
    else if (strstr(argument, "DIR"))
        printf(":directories\n");
}

static void complete_value(const struct option_row *row, const char *before, const char *word)
{
    for (const char *const *choice = row->choices; choice && *choice; choice++) {
        if (begins_with(*choice, word))
            print_candidate(before, *choice, NULL);
    }
    if (!row->choices)
        print_files(row->argument);
}

static void complete_option(const struct command *command, const char *word)
{
    char name[80];

    for (size_t i = 0; i < command->option_count; i++) {
        snprintf(name, sizeof(name), "--%s", command->options[i].name);
        if (begins_with(name, word))
            print_candidate("", name, command->options[i].help);
    }
    if (begins_with("--help", word))
        print_candidate("", "--help", "Show the options.");
}

/* A name with dots, such as Tenant.gpus.burst, is shown once what stands before its last dot is
 * written. */
static void complete_operand(const struct command *command, const char *word)
{
    for (const char *const *name = command->operand_words; name && *name; name++) {
        if (begins_with(*name, word) && !strchr(*name + strlen(word), '.'))
            print_candidate("", *name, NULL);
    }
    if (!command->operand_words)
        print_files(command->operands);
}

/* The option that a word names, of those that take a value; NULL: none. `len`: of the word. */
static const struct option_row *find_option(const struct command *command, const char *word,
                                            size_t len)
{
    for (size_t i = 0; i < command->option_count; i++) {
        const struct option_row *row = &command->options[i];
        bool is_name = len > 2 && !memcmp(word, "--", 2) && strlen(row->name) == len - 2 &&
                       !memcmp(word + 2, row->name, len - 2);
        bool is_letter = len == 2 && row->letter && word[0] == '-' && word[1] == row->letter;

        if (row->argument && (is_name || is_letter))
            return row;
    }
    return NULL;
}

/* bash parts a word at "=", so that "=" is a word of its own. */
static const struct option_row *option_before(const struct command *command, int count,
                                              char **words)
{
    int at = count - 2;

    if (at > 0 && !strcmp(words[at], "="))
        at--;
    return at >= 0 ? find_option(command, words[at], strlen(words[at])) : NULL;
}

void complete_command(const struct command *command, int count, char **words)
{
    const char *word = words[count - 1], *equals = strchr(word, '=');
    const struct option_row *row;

    if (!strcmp(word, "=") && count > 1) {
        row = find_option(command, words[count - 2], strlen(words[count - 2]));
        word = "";
    } else {
        row = option_before(command, count, words);
    }
    if (row) {
        complete_value(row, "", word);
        return;
    }
    row = equals ? find_option(command, word, (size_t)(equals - word)) : NULL;
    if (row) {
        char before[80];

        snprintf(before, sizeof(before), "--%s=", row->name);
        complete_value(row, before, equals + 1);
    } else if (word[0] == '-') {
        complete_option(command, word);
    } else {
        complete_operand(command, word);
    }
}

void complete_name(const struct command_row *rows, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (begins_with(rows[i].name, word))
            print_candidate("", rows[i].name, rows[i].summary);
    }
}
