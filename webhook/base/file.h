/* file: whole files, read up to a maximum, and folders of them. */
#pragma once

#include <stdint.h>

#include "base/strings.h"

/* Read a file ("-": standard input) into the arena. `err` names the file. A file over `max` bytes
 * is an error (err->is_limit). */
bool file_read(const char *path, size_t max, struct arena *arena, struct bytes *out,
               struct error *err) MUST_CHECK;

/* The same where something else waits: a pipe that nobody has opened to write is empty, while
 * file_read waits for a writer. "-" is a file's name. */
bool file_read_now(const char *path, size_t max, struct arena *arena, struct bytes *out,
                   struct error *err) MUST_CHECK;

/* Paths, relative to `directory`, of all regular files below it whose names end in one of `endings`
 * (NULL-terminated), ordered by bytes. Names that start with a dot are passed over, links are
 * followed (a ConfigMap's volume reads as a plain folder). A folder that contains itself through
 * links is an error, and so is anything else that has such a name: a pipe, a socket, a device. At
 * most 10,000 files. */
bool file_list(const char *directory, const char *const *endings, struct arena *arena,
               struct strings *out, struct error *err) MUST_CHECK;

/* What stays the same as long as the file that `path` leads to is neither changed nor replaced nor
 * taken away, and is another then: its name, place, size and times, not what is in it. Good within
 * this process. */
uint64_t file_fingerprint(const char *path);

/* The same for all files that file_list finds. */
uint64_t file_list_fingerprint(const char *directory, const char *const *endings);
