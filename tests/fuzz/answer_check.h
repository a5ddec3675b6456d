/* answer_check: what every answer of fairgate must be, whatever the question; for the fuzzers. */
#pragma once

#include <jansson.h>
#include <unistd.h>

#include "answer.h"
#include "kube/response.h"
#include "fuzz.h"

/* Decoded in place: a patch is a list of operations, and not an empty one. */
static inline void check_patch(const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *bytes = malloc(strlen(text) + 1);
    size_t len = 0;
    unsigned bits = 0, count = 0;
    json_t *patch;

    CHECK(bytes && strlen(text) % 4 == 0);
    for (const char *at = text; *at && *at != '='; at++) {
        const char *digit = strchr(digits, *at);

        CHECK(digit);
        bits = bits << 6 | (unsigned)(digit - digits);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes[len++] = (char)(bits >> count);
        }
    }
    patch = json_loadb(bytes, len, JSON_ALLOW_NUL, NULL);
    CHECK(json_is_array(patch) && json_array_size(patch) > 0);
    json_decref(patch);
    free(bytes);
}

static inline void check_denial(const json_t *status)
{
    const char *message = json_string_value(json_object_get(status, "message"));
    const json_t *causes = json_object_get(json_object_get(status, "details"), "causes");

    CHECK(json_integer_value(json_object_get(status, "code")) == 403);
    CHECK(!strcmp(json_string_value(json_object_get(status, "reason")), "Forbidden"));
    CHECK(message && *message);
    CHECK(json_array_size(causes) > 0);
}

static inline void check_warnings(const json_t *warnings)
{
    size_t i;
    json_t *warning;

    json_array_foreach(warnings, i, warning)
    {
        CHECK(json_is_string(warning) && json_string_length(warning) <= 120);
        CHECK(!strpbrk(json_string_value(warning), "\r\n"));
    }
}

/* Well formed, to this uid, and with all that a verdict of its kind has. */
static inline void check_response(struct bytes text, struct bytes uid)
{
    json_t *root = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    const json_t *response = json_object_get(root, "response");
    const json_t *answered = json_object_get(response, "uid");
    const json_t *allowed = json_object_get(response, "allowed");
    const char *patch = json_string_value(json_object_get(response, "patch"));

    CHECK(json_is_object(response) && json_is_string(answered) && json_is_boolean(allowed));
    CHECK(bytes_equal(uid,
                      (struct bytes){json_string_value(answered), json_string_length(answered)}));
    if (json_is_false(allowed))
        check_denial(json_object_get(response, "status"));
    CHECK(!patch || json_is_true(allowed));
    if (patch)
        check_patch(patch);
    check_warnings(json_object_get(response, "warnings"));
    json_decref(root);
}

/* A folder in memory, if there is such. */
static inline const char *make_folder(void)
{
    static char path[] = "/dev/shm/fairgate-fuzz-XXXXXX", other[] = "/tmp/fairgate-fuzz-XXXXXX";
    const char *folder = mkdtemp(path);

    if (!folder)
        folder = mkdtemp(other);
    CHECK(folder);
    return folder;
}

static inline void write_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");

    CHECK(file && fwrite(data, 1, size, file) == size && fclose(file) == 0);
}
