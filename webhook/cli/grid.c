#include "cli/grid.h"

#include "base/buf.h"

enum { MAX_CELL_BYTES = 64 * 1024, GAP = 2 };

void grid_add(struct grid *grid, const char *text)
{
    strings_add(&grid->cells, grid->arena,
                text_clean(grid->arena, bytes_from(text), MAX_CELL_BYTES));
}

/* In characters; wide ones are no concern. */
static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

void grid_print_text(const struct grid *grid, FILE *file)
{
    size_t *widths = arena_alloc(grid->arena, grid->columns * sizeof(*widths));
    size_t blanks = 0; /* before the next cell that isn't empty */

    for (size_t i = 0; i < grid->cells.count; i++) {
        size_t width = width_of(grid->cells.items[i]), column = i % grid->columns;

        if (width > widths[column])
            widths[column] = width;
    }
    for (size_t i = 0; i < grid->cells.count; i++) {
        const char *cell = grid->cells.items[i];
        size_t column = i % grid->columns;

        blanks = column ? blanks : 0;
        if (*cell) {
            fprintf(file, "%*s%s", (int)blanks, "", cell);
            blanks = 0;
        }
        blanks += widths[column] - width_of(cell) + GAP;
        if (column + 1 == grid->columns)
            fputc('\n', file);
    }
}

const char *grid_escape(const char *text, struct arena *arena)
{
    struct buf buf;

    buf_init(&buf, arena, 2 * MAX_CELL_BYTES);
    buf_add_text(&buf, "");
    for (; *text; text++) {
        if (strchr("\\|*_<`[]~", *text))
            buf_add_char(&buf, '\\');
        buf_add_char(&buf, *text);
    }
    return buf.data;
}

void grid_print_markdown(const struct grid *grid, FILE *file)
{
    for (size_t i = 0; i < grid->cells.count; i++) {
        fprintf(file, "| %s ", grid_escape(grid->cells.items[i], grid->arena));
        if ((i + 1) % grid->columns)
            continue;
        fputs("|\n", file);
        for (size_t j = 0; i + 1 == grid->columns && j < grid->columns; j++)
            fputs(j + 1 == grid->columns ? "|---|\n" : "|---", file);
    }
}
