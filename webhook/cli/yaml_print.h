/* yaml_print: JSON as YAML, for people: block style, every string in double quotes where it isn't a
 * plain word. */
#pragma once

#include "base/buf.h"

/* `json` must be sound. Ends with a newline. */
void yaml_print(struct bytes json, struct buf *out);
