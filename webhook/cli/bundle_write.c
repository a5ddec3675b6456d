#include "cli/bundle_write.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/yaml_print.h"

enum { MAX_FILE_BYTES = 256 * 1024 * 1024 };

static void add_notes(const struct strings *notes, struct buf *buf)
{
    for (size_t i = 0; i < notes->count; i++) {
        buf_add_text(buf, "# ");
        buf_add_text(buf, notes->items[i]);
        buf_add_char(buf, '\n');
    }
}

static void add_documents(const struct bundle_file *file, struct buf *buf)
{
    size_t i;
    json_t *object;

    json_array_foreach(file->objects, i, object)
    {
        char *text = json_dumps(object, JSON_COMPACT);

        buf_add_text(buf, "---\n");
        if (i == 0)
            add_notes(&file->notes, buf);
        yaml_print(bytes_from(text), buf);
        free(text);
    }
}

void bundle_print_yaml(const struct bundle *bundle)
{
    struct buf buf;

    buf_init(&buf, bundle->arena, MAX_FILE_BYTES);
    add_notes(&bundle->notes, &buf);
    for (int i = 0; i < BUNDLE_FILES; i++)
        add_documents(&bundle->files[i], &buf);
    fwrite(buf.data, 1, buf.len, stdout);
}

void bundle_print_json(const struct bundle *bundle)
{
    json_t *items = json_array();

    for (int i = 0; i < BUNDLE_FILES; i++)
        json_array_extend(items, bundle->files[i].objects);
    output_print_take(json_pack("{s:s, s:s, s:o}", "apiVersion", "v1", "kind", "List", "items",
                                items),
                      "json", bundle->arena);
}

static bool check_empty(const char *folder, struct error *err)
{
    DIR *open = opendir(folder);
    size_t count = 0;

    if (!open)
        return error_set(err, "%s: %s", folder, strerror(errno));
    while (readdir(open))
        count++;
    closedir(open);
    return count <= 2 || /* itself and its parent */
           error_set(err,
                     "%s isn't empty; with --force the files of a bundle in it are written anew",
                     folder);
}

static bool make_folder(const char *folder, bool is_forced, struct error *err)
{
    if (mkdir(folder, 0777) == 0)
        return true;
    if (errno != EEXIST)
        return error_set(err, "%s: %s", folder, strerror(errno));
    return is_forced || check_empty(folder, err);
}

/* Whole, or not at all. Where a link was there is a file then: what it led to is not ours. */
static bool write_file(const char *path, const struct buf *buf, struct error *err)
{
    const char *fresh = arena_printf(buf->arena, "%s.fairgate-new", path);
    FILE *file;
    bool is_written;

    unlink(fresh); /* of a run that came to no end */
    file = fopen(fresh, "wx");
    is_written = file && fwrite(buf->data, 1, buf->len, file) == buf->len;
    if (file)
        is_written &= fclose(file) == 0;
    if (is_written && rename(fresh, path) == 0)
        return true;
    error_set(err, "%s: %s", path, strerror(errno));
    unlink(fresh);
    return false;
}

static bool remove_file(const char *path, struct error *err)
{
    return unlink(path) == 0 || errno == ENOENT || error_set(err, "%s: %s", path, strerror(errno));
}

static bool write_kustomization(const struct bundle *bundle, const char *folder, struct error *err)
{
    struct buf buf;

    buf_init(&buf, bundle->arena, MAX_FILE_BYTES);
    add_notes(&bundle->notes, &buf);
    buf_add_text(&buf, "apiVersion: kustomize.config.k8s.io/v1beta1\n"
                       "kind: Kustomization\n"
                       "resources:\n");
    for (int i = 0; i < BUNDLE_FILES; i++) {
        if (json_array_size(bundle->files[i].objects))
            buf_printf(&buf, "- %s\n", bundle->files[i].name);
    }
    return write_file(arena_printf(bundle->arena, "%s/kustomization.yaml", folder), &buf, err);
}

bool bundle_write_folder(const struct bundle *bundle, const char *folder, bool is_forced,
                         struct error *err)
{
    if (!make_folder(folder, is_forced, err))
        return false;
    for (int i = 0; i < BUNDLE_FILES; i++) {
        const struct bundle_file *file = &bundle->files[i];
        const char *path = arena_printf(bundle->arena, "%s/%s", folder, file->name);
        struct buf buf;

        buf_init(&buf, bundle->arena, MAX_FILE_BYTES);
        add_documents(file, &buf);
        if (!(buf.len ? write_file(path, &buf, err) : remove_file(path, err)))
            return false;
    }
    return write_kustomization(bundle, folder, err);
}
