#include "cli/output.h"

#include <stdlib.h>
#include <string.h>

#include "cli/yaml_print.h"

enum { MAX_YAML_BYTES = 1024 * 1024 * 1024, MAX_REPORT_BYTES = 256 * 1024 * 1024 };

struct option_row output_option(const char **format)
{
    static const char *const formats[] = {"text", "json", "yaml", NULL};

    return (struct option_row){.name = "output",
                               .letter = 'o',
                               .argument = "FORMAT",
                               .help = "text (the default), json or yaml.",
                               .text = format,
                               .choices = formats};
}

struct option_row output_table_option(const char **format)
{
    static const char *const formats[] = {"text", "json", "yaml", "markdown", NULL};
    struct option_row row = output_option(format);

    row.help = "text (the default), json, yaml, or markdown.";
    row.choices = formats;
    return row;
}

void output_problems(const struct problems *problems, FILE *file)
{
    struct buf buf;

    buf_init(&buf, problems->arena, MAX_REPORT_BYTES);
    problems_write(problems, &buf);
    fwrite(buf_bytes(&buf).data, 1, buf.len, file);
}

int output_mistakes(const struct command *command, const char *directory,
                    const struct problems *problems)
{
    output_problems(problems, stderr);
    return options_complain(command, "the policy set in %s has %zu mistake%s", directory,
                            problems->error_count, problems->error_count == 1 ? "" : "s");
}

json_t *output_list(const struct strings *strings)
{
    json_t *list = json_array();

    for (size_t i = 0; i < strings->count; i++)
        json_array_append_new(list, json_string(strings->items[i]));
    return list;
}

void output_print_take(json_t *root, const char *format, struct arena *arena)
{
    char *text = json_dumps(root, JSON_COMPACT);
    struct buf buf;

    buf_init(&buf, arena, MAX_YAML_BYTES);
    if (!strcmp(format, "yaml")) {
        yaml_print(bytes_from(text), &buf);
    } else {
        buf_add_text(&buf, text);
        buf_add_char(&buf, '\n');
    }
    fwrite(buf.data, 1, buf.len, stdout);
    free(text);
    json_decref(root);
}
