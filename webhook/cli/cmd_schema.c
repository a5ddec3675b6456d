/* schema: the policy language as JSON Schema. */
#include "cli/commands.h"

#include "cli/json_schema.h"
#include "cli/output.h"

int cmd_schema(int argc, char **argv)
{
    static const char *const formats[] = {"json", "yaml", NULL};
    const char *format = "json";
    const struct option_row options[] = {
        {.name = "output",
         .letter = 'o',
         .argument = "FORMAT",
         .help = "json (the default) or yaml.",
         .text = &format,
         .choices = formats},
    };
    const struct command command = {
        .name = "schema",
        .purpose = "Prints a JSON Schema (2020-12) for the documents of a policy set and its test "
                   "cases, from the tables that the loader reads them by. Editors complete and "
                   "check policies with it; fairgate check finds more.",
        .examples = "fairgate schema > fairgate.schema.json\n",
        .exits = "0  printed\n2  the call is wrong\n",
        .options = options,
        .option_count = sizeof(options) / sizeof(*options),
    };
    struct arena arena = {0};
    struct arguments arguments = {.arena = &arena};

    if (options_parse(&command, argc, argv, &arguments)) {
        output_print_take(json_schema_new(&arena), format, &arena);
        arguments.status = EXIT_YES;
    }
    arena_release(&arena);
    return arguments.status;
}
