/* folder: a few files that change all at once, as those of a Secret in a volume do.
 *
 * The files are links to `..data/NAME`, and `..data` is a link to a folder of one state of them
 * all, so that one rename brings the next state. Whoever reads a file finds the old state or the
 * new one, whole, at every moment; so does the next run after a crash. */
#pragma once

#include "base/arena.h"

struct folder_file {
    const char *name;
    struct bytes text;
    bool is_secret; /* readable by its owner alone */
};

struct folder;

/* Make `path` where it isn't there, keep everybody else from it who opens it so, as long as it is
 * open, and remove what runs have left that came to no end. NULL where somebody else has it. */
struct folder *folder_open(const char *path, struct error *err) MUST_CHECK;
void folder_close(struct folder *folder);

/* Is there something of that name? */
bool folder_has(const struct folder *folder, const char *name);

/* What the file holds; nothing where there is none. One over 1 MiB is an error. */
bool folder_read(const struct folder *folder, const char *name, struct arena *arena,
                 struct bytes *out, struct error *err) MUST_CHECK;

/* Put these files in place of those that are there; plain files of their names become links.
 * False: nothing is as it was not before. */
bool folder_replace(struct folder *folder, const struct folder_file *files, size_t count,
                    struct error *err) MUST_CHECK;
