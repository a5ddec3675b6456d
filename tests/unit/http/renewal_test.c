#include "http/renewal.h"

#include "unit/unit.h"

/* What a look finds is a letter; in lower case it can't be used. Each look leaves a sign: '.' where
 * nothing was read, 'r' taken over, 't' refused and told, 'q' refused quietly. */
static char there, sign;

static uint64_t look(const struct service_config *config)
{
    return (uint64_t)there;
}

static bool reload(struct service *service, uint64_t fingerprint, bool tells)
{
    bool is_good = there >= 'A' && there <= 'Z';

    assert_int_equal(fingerprint, there);
    sign = is_good ? 'r' : tells ? 't' : 'q';
    return is_good;
}

/* A is in force at the start. */
static void expect(unsigned patience, const char *found, const char *expected)
{
    struct renewed files = {look, reload, patience, .seen = 'A', .in_force = 'A'};
    static struct service service;
    char signs[128] = "";

    assert_int_equal(strlen(found), strlen(expected));
    for (size_t i = 0; found[i]; i++) {
        there = found[i];
        sign = '.';
        renewed_look(&files, &service);
        signs[i] = sign;
    }
    assert_string_equal(signs, expected);
}

static void what_has_not_changed_is_not_read(void **state)
{
    expect(1, "AAAAAAAAAAAAAAAAAAAAAAAA", "........................");
}

static void what_has_changed_is_read_when_it_was_found_the_same_twice(void **state)
{
    expect(1, "BBBB", ".r..");
    expect(1, "BCDD", "...r");
    expect(1, "bBbBB", "....r");
    expect(1, "BAAAA", ".....");
}

static void what_can_not_be_used_is_told_once(void **state)
{
    expect(1, "bbbbbb", ".t....");
    expect(1, "bbcccc", ".t.t..");
    expect(1, "bbBBbb", ".t.r.t");
}

static void what_was_in_force_is_so_again(void **state)
{
    expect(1, "bbAAAA", ".t.r..");
}

static void what_can_not_be_used_is_tried_again(void **state)
{
    expect(1, "bbbbbbbbbbbbbbbbbbb", ".t..............q..");
}

static void a_pair_of_which_one_half_came_is_waited_for_before_it_is_told(void **state)
{
    expect(16, "bbbbBBBB", ".q...r..");
    expect(16, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", ".q..............t...............q..");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_not_changed_is_not_read),
        cmocka_unit_test(what_has_changed_is_read_when_it_was_found_the_same_twice),
        cmocka_unit_test(what_can_not_be_used_is_told_once),
        cmocka_unit_test(what_was_in_force_is_so_again),
        cmocka_unit_test(what_can_not_be_used_is_tried_again),
        cmocka_unit_test(a_pair_of_which_one_half_came_is_waited_for_before_it_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
