#include "cli/side_by_side.h"

struct alignment {
    size_t *lengths; /* of the longest common part of what is left, for each pair; NULL: unknown */
    size_t width;
};

/* Of lists this long it isn't worth its cost: they are compared one by one. */
enum { MOST_ALIGNED = 1024 };

static struct alignment align(const struct two_lists *lists, struct arena *arena)
{
    size_t width = lists->got + 1;
    struct alignment alignment = {.width = width};

    if (lists->expected > MOST_ALIGNED || lists->got > MOST_ALIGNED)
        return alignment;
    alignment.lengths = arena_alloc(arena, (lists->expected + 1) * width * sizeof(size_t));
    for (size_t i = lists->expected; i-- > 0;) {
        for (size_t j = lists->got; j-- > 0;) {
            size_t *here = &alignment.lengths[i * width + j];
            size_t down = here[width], right = here[1];

            *here = lists->agree(lists->context, i, j) ? here[width + 1] + 1
                    : down > right                     ? down
                                                       : right;
        }
    }
    return alignment;
}

/* The next pair that agrees, from there on; the lists' ends where there is none. */
static void find_agreement(const struct two_lists *lists, const struct alignment *alignment,
                           size_t *i, size_t *j)
{
    while (*i < lists->expected && *j < lists->got && !lists->agree(lists->context, *i, *j)) {
        const size_t *here =
            alignment->lengths ? &alignment->lengths[*i * alignment->width + *j] : NULL;
        bool is_extra = here && here[alignment->width] < here[1];

        *i += !is_extra;
        *j += is_extra || !here;
    }
    if (*i >= lists->expected || *j >= lists->got) {
        *i = lists->expected;
        *j = lists->got;
    }
}

void two_lists_show(const struct two_lists *lists, struct arena *arena)
{
    struct alignment alignment = align(lists, arena);
    size_t i = 0, j = 0;

    while (i < lists->expected || j < lists->got) {
        size_t next_i = i, next_j = j;

        find_agreement(lists, &alignment, &next_i, &next_j);
        while (i < next_i || j < next_j) {
            lists->show(lists->context, i < next_i ? &i : NULL, j < next_j ? &j : NULL);
            i += i < next_i;
            j += j < next_j;
        }
        if (i < lists->expected) {
            lists->show(lists->context, &i, &j);
            i++;
            j++;
        }
    }
}
