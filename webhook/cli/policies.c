#include "cli/policies.h"

#include "cli/output.h"

struct policy_set *policies_load(const struct command *command, const char *directory,
                                 struct arena *arena)
{
    struct problems problems = {.arena = arena};
    struct error err = {0};
    struct policy_set *set = policy_set_load(directory, &problems, &err);

    if (set && problems.error_count == 0)
        return set;
    if (set)
        output_mistakes(command, directory, &problems);
    else
        options_complain(command, "%s", err.text);
    policy_set_free(set);
    return NULL;
}
