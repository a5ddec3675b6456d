#include "base/choice.h"

const char *choice_join(const char *const *words, struct arena *arena)
{
    const char *joined = "";

    for (size_t i = 0; words[i]; i++)
        joined = arena_printf(arena, "%s%s\"%s\"", joined,
                              i == 0         ? ""
                              : words[i + 1] ? ", "
                                             : " and ",
                              words[i]);
    return joined;
}

void choice_check(const struct schema *schema, const struct node *node, bool has_unknown,
                  struct problems *problems)
{
    const char *given = NULL;

    for (const char *const *name = schema->choice; *name; name++) {
        const struct node *key = node_find_key(node, *name);

        if (key && given && schema->is_only_one)
            problems_add(problems, key, "\"%s\" can't stand beside \"%s\"", *name, given);
        else if (key)
            given = *name;
    }
    /* An unknown key is told of as such: it was meant to be one of these. */
    if (!given && !has_unknown)
        problems_add(problems, node_place(node), "one of %s is required here",
                     choice_join(schema->choice, problems->arena));
}
