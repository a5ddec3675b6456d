#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/yaml_print.h"

enum { MAX_YAML_BYTES = 1024 * 1024 * 1024 };

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
