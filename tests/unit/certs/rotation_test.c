/* What each run does, by the clock; what is stored is what the runs before it made. */
#include "certs/rotation.h"

#include "certs/check.h"
#include "unit/arena.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 24 * 3600, START = 1800000000, MOST_PLACES = 2 };

static struct server_names names;
static struct rotation_state state;
static struct rotation_rules rules;
static struct rotation_plan plan;

static void run(int64_t now)
{
    struct error err;

    rules.now = now;
    assert_true(rotation_make_plan(&state, &rules, &arena, &plan, &err));
}

static void write_authority(void)
{
    state.authority = plan.authority.certificate;
    state.authority_key = plan.authority.key;
}

static void write_trusted(size_t i)
{
    if (plan.is_distrusted[i])
        state.trusted[i] = plan.trusted;
}

static void write_server(void)
{
    if (!plan.has_new_bundle && !plan.has_new_server)
        return;
    state.bundle = plan.bundle;
    state.server = plan.server;
}

static void write_all(void)
{
    write_authority();
    for (size_t i = 0; i < state.trusted_count; i++)
        write_trusted(i);
    write_server();
}

static void run_and_write(int64_t now)
{
    run(now);
    write_all();
    rules.is_new_asked = false;
}

/* An empty place with two webhooks that trust nobody yet. */
static int set_up(void **unused)
{
    state = (struct rotation_state){.trusted_count = MOST_PLACES};
    names = (struct server_names){0};
    strings_add(&names.dns, &arena, "hook.gpu.svc");
    rules = (struct rotation_rules){.names = &names, .days_ca = 365, .days = 90, .settle = HOUR};
    return 0;
}

static size_t count_of(struct bytes pem)
{
    struct chain chain = {0};
    struct error err;

    assert_true(chain_read(pem, &arena, &chain, &err));
    return chain.count;
}

/* Would a server with that pair be believed by whoever trusts these? */
static bool is_believed(const struct pair *server, struct bytes trusted, int64_t now)
{
    struct chain chain = {0}, roots = {0};
    const struct check_question question = {&chain, &roots, "hook.gpu.svc", now, 0};
    struct check_report report;
    struct error err;

    if (!chain_read(server->certificate, &arena, &chain, &err) ||
        !chain_read(server->key, &arena, &chain, &err) ||
        !chain_read(trusted, &arena, &roots, &err))
        return false;
    check_chain(&question, &arena, &report);
    return report.count == 0;
}

static bool is_believed_everywhere(const struct pair *server, int64_t now)
{
    for (size_t i = 0; i < state.trusted_count; i++) {
        if (!is_believed(server, state.trusted[i], now))
            return false;
    }
    return is_believed(server, state.bundle, now);
}

static void expect_changes(size_t count, const char *const *beginnings)
{
    assert_int_equal(plan.changes.count, count);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(plan.changes.items[i], beginnings[i], strlen(beginnings[i])) != 0)
            fail_msg("expected \"%s...\", got \"%s\"", beginnings[i], plan.changes.items[i]);
    }
}

#define EXPECT_CHANGES(...)                                                                        \
    do {                                                                                           \
        const char *const beginnings[] = {__VA_ARGS__};                                            \
        expect_changes(COUNT(beginnings), beginnings);                                             \
    } while (0)

static void expect_ends_with(const char *text, const char *ending)
{
    if (!text || !bytes_has_suffix(bytes_from(text), bytes_from(ending)))
        fail_msg("expected \"...%s\", got \"%s\"", ending, text ? text : "nothing");
}

static void the_first_run_makes_all_and_the_second_nothing(void **unused)
{
    run_and_write(START);
    EXPECT_CHANGES("new CA ", "trusted from now on: ", "new certificate, ");
    expect_ends_with(plan.changes.items[0], ": there was none");
    assert_true(is_believed_everywhere(&state.server, START));
    assert_null(plan.next);
    run_and_write(START + 1);
    assert_int_equal(plan.changes.count, 0);
    assert_null(plan.next);
}

/* Of 90 days a third is 30. */
static void a_certificate_is_renewed_when_less_than_a_third_of_its_time_is_left(void **unused)
{
    struct pair old;

    run_and_write(START);
    old = state.server;
    run_and_write(START + 60 * DAY);
    assert_int_equal(plan.changes.count, 0);
    run_and_write(START + 60 * DAY + 3);
    EXPECT_CHANGES("new certificate, ");
    expect_ends_with(plan.changes.items[0], ": less than a third of the old one's time is left");
    assert_true(is_believed_everywhere(&old, START + 60 * DAY + 3));
    assert_true(is_believed_everywhere(&state.server, START + 60 * DAY + 3));
    assert_int_equal(plan.server_ends, START + 150 * DAY + 3);
}

/* 365 days less a third are 243 1/3. */
static void a_ca_is_replaced_when_less_than_a_third_of_its_time_is_left(void **unused)
{
    run_and_write(START);
    run_and_write(START + 200 * DAY);
    run_and_write(START + 243 * DAY + 7 * HOUR);
    assert_int_equal(plan.changes.count, 0);
    run_and_write(START + 243 * DAY + 9 * HOUR);
    EXPECT_CHANGES("new CA ", "trusted from now on: ");
    expect_ends_with(plan.changes.items[0], ": less than a third of the old one's time is left");
}

/* Begin the change to a new CA a day after the start; `old` is the pair of before. */
static int64_t begin_change(struct pair *old)
{
    run_and_write(START);
    *old = state.server;
    rules.is_new_asked = true;
    run_and_write(START + DAY);
    return START + DAY;
}

static void a_new_ca_is_trusted_first_then_served_then_the_old_one_goes(void **unused)
{
    struct pair old;
    int64_t now = begin_change(&old);

    EXPECT_CHANGES("new CA ", "trusted from now on: ");
    expect_ends_with(plan.changes.items[0], ": asked for");
    expect_ends_with(plan.next, "brings a certificate of the new CA");
    assert_int_equal(count_of(state.bundle), 2);
    assert_true(bytes_equal(state.server.certificate, old.certificate));

    run_and_write(now + HOUR - 1);
    assert_int_equal(plan.changes.count, 0);
    assert_non_null(plan.next);

    run_and_write(now + HOUR);
    EXPECT_CHANGES("new certificate, ");
    expect_ends_with(plan.changes.items[0], ": the one there was is of another CA");
    expect_ends_with(plan.next, "lets the old CA go");
    assert_int_equal(count_of(state.trusted[0]), 2);
    assert_true(is_believed_everywhere(&old, now + HOUR));
    assert_true(is_believed_everywhere(&state.server, now + HOUR));

    run_and_write(now + 2 * HOUR - 1);
    assert_int_equal(plan.changes.count, 0);

    run_and_write(now + 2 * HOUR);
    EXPECT_CHANGES("trusted from now on: ");
    assert_null(plan.next);
    assert_int_equal(count_of(state.bundle), 1);
    assert_true(is_believed_everywhere(&state.server, now + 2 * HOUR));
    assert_false(is_believed_everywhere(&old, now + 2 * HOUR));

    run_and_write(now + 3 * HOUR);
    assert_int_equal(plan.changes.count, 0);
}

static void a_second_new_ca_waits_until_the_first_one_serves(void **unused)
{
    struct pair old;
    int64_t now = begin_change(&old);

    rules.is_new_asked = true;
    run_and_write(now + MINUTE);
    assert_int_equal(plan.changes.count, 0);
    assert_int_equal(count_of(state.bundle), 2);
}

/* A webhook that is made, or applied anew, trusts nobody: the hour begins again. */
static void who_lost_the_bundle_gets_it_and_time_to_know_it(void **unused)
{
    struct pair old;
    int64_t now = begin_change(&old);

    state.trusted[1] = (struct bytes){0};
    run_and_write(now + HOUR);
    EXPECT_CHANGES("trusted from now on: ");
    assert_true(is_believed_everywhere(&old, now + HOUR));
    run_and_write(now + 2 * HOUR - 1);
    assert_int_equal(plan.changes.count, 0);
    run_and_write(now + 2 * HOUR);
    EXPECT_CHANGES("new certificate, ");
}

static void what_is_not_ours_in_the_bundle_leaves_it(void **unused)
{
    struct issuing issuing = {&arena, START, 10};
    struct pair stranger;
    struct error err;

    run_and_write(START);
    assert_true(issue_authority(&issuing, &stranger, &err));
    state.trusted[0] = stranger.certificate;
    run_and_write(START + HOUR);
    EXPECT_CHANGES("trusted from now on: ");
    assert_int_equal(count_of(state.trusted[0]), 1);
    assert_true(is_believed_everywhere(&state.server, START + HOUR));
}

/* Pods may still serve what the Secret had before, so whom webhooks trust stays trusted. */
static void secrets_that_are_lost_are_made_anew_beside_the_old_ca(void **unused)
{
    struct pair old;

    run_and_write(START);
    old = state.server;
    state.authority = state.authority_key = state.bundle = (struct bytes){0};
    state.server = (struct pair){0};
    run_and_write(START + DAY);
    EXPECT_CHANGES("new CA ", "trusted from now on: ", "new certificate, ");
    assert_true(is_believed_everywhere(&old, START + DAY));
    assert_true(is_believed_everywhere(&state.server, START + DAY));
    run_and_write(START + DAY + HOUR);
    EXPECT_CHANGES("trusted from now on: ");
    assert_int_equal(count_of(state.bundle), 1);
}

static void what_serves_nobody_is_replaced_at_once(void **unused)
{
    static const char broken[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    struct pair other;
    struct error err;
    struct issuing issuing = {&arena, START, 90};

    run_and_write(START);
    assert_true(issue_server(&issuing, &names, &plan.authority, &other, &err));

    state.server.key = other.key;
    run_and_write(START + MINUTE);
    EXPECT_CHANGES("new certificate, ");
    expect_ends_with(plan.changes.items[0], ": the key there was is another one's");

    state.server.certificate = bytes_from(broken);
    run_and_write(START + 2 * MINUTE);
    expect_ends_with(plan.changes.items[0], ": the one there was can't be read");

    state.server.key = (struct bytes){0};
    run_and_write(START + 3 * MINUTE);
    expect_ends_with(plan.changes.items[0], ": there was none");
    assert_true(is_believed_everywhere(&state.server, START + 3 * MINUTE));

    run_and_write(START + 100 * DAY);
    expect_ends_with(plan.changes.items[0], ": the one there was has ended");
    assert_true(is_believed_everywhere(&state.server, START + 100 * DAY));
}

static void a_ca_whose_key_is_another_ones_is_replaced_in_steps(void **unused)
{
    struct issuing issuing = {&arena, START, 10};
    struct pair stranger, old;
    struct error err;

    run_and_write(START);
    old = state.server;
    assert_true(issue_authority(&issuing, &stranger, &err));
    state.authority_key = stranger.key;
    run_and_write(START + HOUR);
    EXPECT_CHANGES("new CA ", "trusted from now on: ");
    expect_ends_with(plan.changes.items[0], ": the one there was is of no use");
    assert_true(is_believed_everywhere(&old, START + HOUR));
}

static void all_that_has_ended_is_made_anew_at_once(void **unused)
{
    run_and_write(START);
    run_and_write(START + 400 * DAY);
    EXPECT_CHANGES("new CA ", "trusted from now on: ", "new certificate, ");
    assert_true(is_believed_everywhere(&state.server, START + 400 * DAY));
}

static void a_name_that_comes_brings_a_certificate(void **unused)
{
    run_and_write(START);
    strings_add(&names.dns, &arena, "*.example.com");
    strings_add(&names.addresses, &arena, "2001:db8::1");
    run_and_write(START + 1);
    EXPECT_CHANGES("new certificate, ");
    expect_ends_with(plan.changes.items[0], ": the one there was is not for *.example.com");
    run_and_write(START + 2);
    assert_int_equal(plan.changes.count, 0);
}

/* A run that ends after so many of its four writes; the next one goes on, and what is served, and
 * was, is believed by all at every moment. */
static void a_run_may_end_between_any_two_writes(void **unused)
{
    for (size_t cut = 0; cut <= 1 + MOST_PLACES; cut++) {
        struct pair old;
        int64_t now = START + DAY;

        set_up(NULL);
        run_and_write(START);
        old = state.server;
        rules.is_new_asked = true;
        for (int step = 0; step < 8; step++, now += HOUR) {
            struct pair served = state.server;

            run(now);
            if (cut > 0)
                write_authority();
            for (size_t i = 0; i + 1 < cut; i++)
                write_trusted(i);
            rules.is_new_asked = cut == 0 && step == 0;
            assert_true(is_believed_everywhere(&served, now));
            run_and_write(now + MINUTE);
            assert_true(is_believed_everywhere(&served, now + MINUTE));
            assert_true(is_believed_everywhere(&state.server, now + MINUTE));
        }
        assert_false(bytes_equal(old.certificate, state.server.certificate));
        assert_false(is_believed(&old, state.bundle, now));
        assert_int_equal(count_of(state.bundle), 1);
        run(now);
        assert_int_equal(plan.changes.count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, release_arena)
        TEST(the_first_run_makes_all_and_the_second_nothing),
        TEST(a_certificate_is_renewed_when_less_than_a_third_of_its_time_is_left),
        TEST(a_ca_is_replaced_when_less_than_a_third_of_its_time_is_left),
        TEST(a_new_ca_is_trusted_first_then_served_then_the_old_one_goes),
        TEST(a_second_new_ca_waits_until_the_first_one_serves),
        TEST(who_lost_the_bundle_gets_it_and_time_to_know_it),
        TEST(what_is_not_ours_in_the_bundle_leaves_it),
        TEST(secrets_that_are_lost_are_made_anew_beside_the_old_ca),
        TEST(what_serves_nobody_is_replaced_at_once),
        TEST(a_ca_whose_key_is_another_ones_is_replaced_in_steps),
        TEST(all_that_has_ended_is_made_anew_at_once),
        TEST(a_name_that_comes_brings_a_certificate),
        TEST(a_run_may_end_between_any_two_writes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
