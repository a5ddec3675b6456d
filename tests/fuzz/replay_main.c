/* replay_main: runs a fuzzer over the files and folders named, without a fuzzing engine. */
#include <ftw.h>
#include <stdbool.h>

#include "fuzz.h"

static size_t file_count;

static bool replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *data = NULL;
    size_t size = 0;
    ssize_t len;

    if (!file) {
        perror(path);
        return false;
    }
    for (;;) {
        char *grown = realloc(data, size + 65536);

        if (!grown)
            abort();
        data = grown;
        len = (ssize_t)fread(data + size, 1, 65536, file);
        if (len <= 0)
            break;
        size += (size_t)len;
    }
    fclose(file);
    LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    free(data);
    file_count++;
    return true;
}

static int visit(const char *path, const struct stat *info, int type, struct FTW *position)
{
    (void)info;
    (void)position;
    if (type == FTW_F)
        return replay(path) ? 0 : 1;
    if (type == FTW_D)
        return 0;
    fprintf(stderr, "%s: can't be read\n", path);
    return 1;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (nftw(argv[i], visit, 16, FTW_PHYS) != 0)
            return 2;
    }
    printf("%zu inputs\n", file_count);
    return 0;
}
