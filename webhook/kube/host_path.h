/* host_path: paths on a node, as the kernel takes them and not as they are written. */
#pragma once

#include "base/arena.h"

/* The path without doubled and final slashes, "." and "..", from the root where it is relative, and
 * with /var/run as what it is everywhere: a link to /run. What follows a NUL isn't part of it.
 * "/" is the shortest. Lives in `arena`. */
struct bytes host_path_resolve(struct bytes path, struct arena *arena);

/* Is it `top`, or something below? Both are resolved. */
bool host_path_is_in(struct bytes path, struct bytes top);
