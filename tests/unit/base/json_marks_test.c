#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/json_marks.h"

/* The same without the processor's vectors. */
#undef __SSE2__
#define json_mark json_mark_portably
void json_mark_portably(const char *text, size_t count, uint64_t *marks);
#include "base/json_marks.c" /* NOLINT(bugprone-suspicious-include) */
#undef json_mark

static int is_special(unsigned char c)
{
    return c == '"' || c == '\\' || c < 0x20 || c >= 0x80;
}

/* Each byte at each place, among others that are special or plain. */
static void every_byte_is_marked_as_what_it_is(void **state)
{
    static const char fillers[] = {'a', ' ', '!', '#', '[', ']', 0x7f, '"', 0, '\x80', '\xff'};

    (void)state;
    for (size_t f = 0; f < sizeof(fillers); f++) {
        for (int c = 0; c < 256; c++) {
            for (size_t at = 0; at < 64; at++) {
                char text[128];
                uint64_t marks[2], portable[2];
                uint64_t all = is_special((unsigned char)fillers[f]) ? UINT64_MAX : 0;
                uint64_t bit = UINT64_C(1) << at;

                memset(text, fillers[f], sizeof(text));
                text[64 + at] = (char)c;
                json_mark(text, 2, marks);
                json_mark_portably(text, 2, portable);
                assert_true(marks[0] == all);
                assert_true(marks[1] == (is_special((unsigned char)c) ? all | bit : all & ~bit));
                assert_memory_equal(marks, portable, sizeof(marks));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_is_marked_as_what_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
