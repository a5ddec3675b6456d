#include "base/base64.h"
#include "unit/arena.h"

/* RFC 4648, section 10, and what differs from it by one character. */
static void texts_are_decoded_as_the_standard_says(void **state)
{
    static const struct {
        const char *text, *decoded;
    } rows[] = {
        {"", ""},
        {"Zg==", "f"},
        {"Zm8=", "fo"},
        {"Zm9v", "foo"},
        {"Zm9vYg==", "foob"},
        {"Zm9vYmE=", "fooba"},
        {"Zm9vYmFy", "foobar"},
        {"Zm9v\r\nYmFy\n", "foobar"},
        {"++//", "\xfb\xef\xff"},
        {"Zg", NULL},
        {"Zg=", NULL},
        {"Zg===", NULL},
        {"Zh==", NULL},
        {"Zm9=", NULL},
        {"Z===", NULL},
        {"====", NULL},
        {"Zg==Zg==", NULL},
        {"Zg=v", NULL},
        {"Zm9v Zm9v", NULL},
        {"-_-_", NULL},
        {"Zm9v\x80", NULL},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bytes out = BYTES("untouched");
        bool is_decoded = base64_decode(bytes_from(rows[i].text), &arena, &out);

        if (is_decoded != (rows[i].decoded != NULL) ||
            !bytes_is(out, rows[i].decoded ? rows[i].decoded : "untouched"))
            fail_msg("%s", rows[i].text);
    }
}

/* RFC 4648, section 10. */
static void texts_are_encoded_as_the_standard_says(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xfe", "+//+"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf buf;

        buf_init(&buf, &arena, 100);
        base64_add(&buf, bytes_from(rows[i][0]));
        assert_true(bytes_is(buf_bytes(&buf), rows[i][1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(texts_are_encoded_as_the_standard_says, release_arena),
        cmocka_unit_test_teardown(texts_are_decoded_as_the_standard_says, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
