/* problem_end: where what a problem is about ends, for editors, which mark it. */
#pragma once

#include "base/cursor.h"
#include "base/problems.h"

/* Goes over problems that are sorted; a zeroed one begins. */
struct problem_ends {
    const struct source *source;
    struct cursor cursor;
};

/* The column after the last character of the scalar, key or flow collection that begins where the
 * problem is; at most the line's end. 0 where the problem is about the file as a whole. */
uint32_t problem_ends_next(struct problem_ends *ends, const struct problem *problem);
