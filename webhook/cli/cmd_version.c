/* version: what this program is, and what it is made with. */
#include "cli/commands.h"

#include "base/node.h"
#include "base/pattern.h"
#include "base/version.h"
#include "cli/output.h"
#include "cluster/api_client.h"
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

static json_t *write_json(const struct library *libraries, size_t count)
{
    json_t *all = json_object(), *root = json_pack("{s:s}", "version", version);

    for (size_t i = 0; i < count; i++)
        json_object_set_new(all, libraries[i].name, json_string(libraries[i].version));
    json_object_set_new(root, "libraries", all);
    return root;
}

int cmd_version(int argc, char **argv)
{
    struct arena arena = {0};
    const struct library libraries[] = {
        {"h2o", server_library_version()},          {"openssl", tls_library_version()},
        {"jansson", jansson_version_str()},         {"libyaml", node_library_version()},
        {"pcre2", pattern_library_version(&arena)}, {"libcurl", api_client_library_version()},
    };
    const size_t count = sizeof(libraries) / sizeof(*libraries);
    const char *format = "text";
    const struct option_row options[] = {output_option(&format)};
    const struct command command = {
        .name = "version",
        .purpose = "Prints the version of fairgate and of the libraries it runs with.",
        .examples = "fairgate version -o json\n",
        .exits = "0  printed\n2  the call is wrong\n",
        .options = options,
        .option_count = sizeof(options) / sizeof(*options),
    };
    struct arguments arguments = {.arena = &arena};

    if (options_parse(&command, argc, argv, &arguments)) {
        if (!strcmp(format, "text"))
            print_text(libraries, count);
        else
            output_print_take(write_json(libraries, count), format, &arena);
        arguments.status = EXIT_YES;
    }
    arena_release(&arena);
    return arguments.status;
}
