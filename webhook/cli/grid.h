/* grid: rows of cells as a table, aligned for a terminal or in Markdown for a wiki. */
#pragma once

#include <stdio.h>

#include "base/strings.h"

struct grid {
    struct arena *arena;
    size_t columns;
    struct strings cells; /* row after row; the first row is the heading */
};

/* The next cell, on one line whatever `text` holds. */
void grid_add(struct grid *grid, const char *text);

void grid_print_text(const struct grid *grid, FILE *file);
void grid_print_markdown(const struct grid *grid, FILE *file);

/* The text where Markdown gives no character of it a meaning. */
const char *grid_escape(const char *text, struct arena *arena);
