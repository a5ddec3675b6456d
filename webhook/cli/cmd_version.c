/* version: what this program is, and what it is made with. */
#include "cli/commands.h"

#include <jansson.h>

#include "base/version.h"
#include "cli/options.h"
#include "http/server.h"
#include "http/tls.h"

struct library {
    const char *name, *version;
};

static void print_text(const struct library *libraries, size_t count)
{
    printf("fairgate %s\n", version);
    for (size_t i = 0; i < count; i++)
        printf("  %-8s %s\n", libraries[i].name, libraries[i].version);
}

static void print_json(const struct library *libraries, size_t count)
{
    json_t *all = json_object(), *root = json_pack("{s:s}", "version", version);

    for (size_t i = 0; i < count; i++)
        json_object_set_new(all, libraries[i].name, json_string(libraries[i].version));
    json_object_set_new(root, "libraries", all);
    json_dumpf(root, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(root);
}

int cmd_version(int argc, char **argv)
{
    static const char *const formats[] = {"text", "json", NULL};
    const struct library libraries[] = {
        {"h2o", server_library_version()},
        {"openssl", tls_library_version()},
        {"jansson", jansson_version_str()},
    };
    const char *format = "text";
    const struct option_row options[] = {
        {.name = "output",
         .letter = 'o',
         .argument = "FORMAT",
         .help = "text (the default) or json.",
         .text = &format,
         .choices = formats},
    };
    const struct command command = {
        .name = "version",
        .purpose = "Prints the version of fairgate and of the libraries it runs with.",
        .examples = "fairgate version -o json\n",
        .exits = "0  printed\n2  the call is wrong\n",
        .options = options,
        .option_count = sizeof(options) / sizeof(*options),
    };
    struct arena arena = {0};
    struct arguments arguments = {.arena = &arena};

    if (options_parse(&command, argc, argv, &arguments)) {
        (strcmp(format, "json") ? print_text : print_json)(libraries,
                                                           sizeof(libraries) / sizeof(*libraries));
        arguments.status = EXIT_YES;
    }
    arena_release(&arena);
    return arguments.status;
}
