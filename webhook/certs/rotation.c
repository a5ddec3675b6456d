#include "certs/rotation.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/instant.h"
#include "certs/check.h"

static const char since_mark[] = "# fairgate: published since ";
enum { INSTANT_BYTES = 20 };

/* A plan being made. */
struct planning {
    const struct rotation_state *state;
    const struct rotation_rules *rules;
    struct arena *arena;
    struct rotation_plan *out;

    struct chain bundle, trusted[ROTATION_MOST_TRUSTED]; /* what is stored */
    struct chain known;                                  /* all CAs of these, each once */
    struct chain wanted; /* the bundle to be; the CA that signs comes first */
    struct chain server;
    X509 *authority;           /* that signs; NULL: there is none of any use */
    X509 *issuer;              /* of the server's certificate, among those known */
    const char *why_broken;    /* the server's certificate serves nobody; NULL: it serves */
    const char *why_authority; /* a new one is needed */
    int64_t since;             /* when the bundle was published; 0: not known */
};

static const char *when(const struct planning *planning, int64_t instant)
{
    return instant_write(instant, planning->arena);
}

static const char *name_of(const struct planning *planning, const X509 *certificate)
{
    return certificate_name(certificate, planning->arena);
}

/* ---- what is stored */

static void read_stored(const struct planning *planning, struct bytes pem, struct chain *out)
{
    struct error ignored;

    if (!chain_read(pem, planning->arena, out, &ignored))
        *out = (struct chain){0};
}

static bool add_known(struct planning *planning, const struct chain *chain, struct error *err)
{
    struct chain *known = &planning->known;

    for (size_t i = 0; i < chain->count; i++) {
        if (chain_has(known, chain->items[i]))
            continue;
        if (known->count + 1 >= CHAIN_MOST_CERTIFICATES)
            return error_set_limit(err, "more than %d CAs are trusted",
                                   CHAIN_MOST_CERTIFICATES - 2);
        known->items[known->count++] = chain->items[i];
    }
    return true;
}

static bool has_third_left(const X509 *certificate, int64_t now)
{
    int64_t ends = certificate_ends(certificate), made = certificate_made(certificate);

    return (ends - now) * 3 >= ends - made;
}

/* What a passphrase would open is not lost, so nothing takes its place. */
static bool read_authority_key(const struct planning *planning, struct chain *out,
                               struct error *err)
{
    struct error ignored;

    if (chain_read(planning->state->authority_key, planning->arena, out, &ignored))
        return true;
    if (out->has_encrypted_key)
        return error_set(err, "the CA's key is encrypted, which is not supported: store it without "
                              "a passphrase, or take it away, and a new CA is made");
    *out = (struct chain){0};
    return true;
}

/* The certificate that the CA's key belongs to, where it may sign. */
static bool find_authority(struct planning *planning, struct error *err)
{
    struct chain stored = {0}, key = {0};

    read_stored(planning, planning->state->authority, &stored);
    if (!read_authority_key(planning, &key, err))
        return false;
    for (size_t i = 0; key.key && i < stored.count && !planning->authority; i++) {
        X509 *one = stored.items[i];

        if (certificate_has_key(one, key.key) && X509_check_ca(one) == 1)
            planning->authority = one;
    }
    ERR_clear_error();
    if (planning->authority && certificate_ends(planning->authority) <= planning->rules->now)
        planning->authority = NULL;
    return true;
}

static void read_since(struct planning *planning)
{
    struct bytes text = planning->state->bundle;
    size_t mark = sizeof(since_mark) - 1;
    struct error ignored;

    if (!bytes_has_prefix(text, (struct bytes){since_mark, mark}) ||
        text.len < mark + INSTANT_BYTES ||
        !instant_parse((struct bytes){text.data + mark, INSTANT_BYTES}, &planning->since,
                       &ignored) ||
        planning->since > planning->rules->now)
        planning->since = 0;
}

static const char *find_breakage(struct planning *planning)
{
    const struct rotation_state *state = planning->state;
    int64_t now = planning->rules->now;
    struct chain key = {0};
    X509 *server;

    if (state->server.certificate.len == 0 || state->server.key.len == 0)
        return "there was none";
    read_stored(planning, state->server.certificate, &planning->server);
    read_stored(planning, state->server.key, &key);
    if (planning->server.count == 0 || !key.key)
        return "the one there was can't be read";
    server = planning->server.items[0];
    if (!certificate_has_key(server, key.key))
        return "the key there was is another one's";
    if (certificate_ends(server) <= now)
        return "the one there was has ended";
    if (certificate_begins(server) > now)
        return "the one there was is not valid yet";
    for (size_t i = 0; i < planning->known.count && !planning->issuer; i++) {
        if (certificate_is_signed_by(server, planning->known.items[i]))
            planning->issuer = planning->known.items[i];
    }
    return planning->issuer ? NULL : "nobody trusts who signed the one there was";
}

static bool read_state(struct planning *planning, struct error *err)
{
    const struct rotation_state *state = planning->state;

    read_stored(planning, state->bundle, &planning->bundle);
    if (!find_authority(planning, err) || !add_known(planning, &planning->bundle, err))
        return false;
    for (size_t i = 0; i < state->trusted_count; i++) {
        read_stored(planning, state->trusted[i], &planning->trusted[i]);
        if (!add_known(planning, &planning->trusted[i], err))
            return false;
    }
    read_since(planning);
    planning->why_broken = find_breakage(planning);
    ERR_clear_error();
    return true;
}

/* ---- the CA */

static bool is_same(const X509 *a, const X509 *b)
{
    return a && b && X509_cmp(a, b) == 0;
}

static bool serves(const struct planning *planning)
{
    return !planning->why_broken;
}

/* The server has not yet a certificate of the CA that signs. */
static bool is_between(const struct planning *planning)
{
    return serves(planning) && !is_same(planning->issuer, planning->authority);
}

static const char *why_new_authority(const struct planning *planning)
{
    if (!planning->authority)
        return planning->state->authority.len ? "the one there was is of no use" : "there was none";
    if (is_between(planning))
        return NULL; /* one change after the other */
    if (!has_third_left(planning->authority, planning->rules->now))
        return "less than a third of the old one's time is left";
    return planning->rules->is_new_asked ? "asked for" : NULL;
}

static void note(const struct planning *planning, const char *text)
{
    strings_add(&planning->out->changes, planning->arena, text);
}

static bool make_authority(struct planning *planning, struct error *err)
{
    const struct issuing issuing = {planning->arena, planning->rules->now,
                                    planning->rules->days_ca};
    struct chain made = {0};

    if (!issue_authority(&issuing, &planning->out->authority, err) ||
        !chain_read(planning->out->authority.certificate, planning->arena, &made, err))
        return false;
    planning->authority = made.items[0];
    planning->out->has_new_authority = true;
    note(planning, arena_printf(planning->arena, "new CA %s, until %s: %s",
                                name_of(planning, planning->authority),
                                when(planning, certificate_ends(planning->authority)),
                                planning->why_authority));
    return true;
}

static bool plan_authority(struct planning *planning, struct error *err)
{
    struct rotation_plan *out = planning->out;

    planning->why_authority = why_new_authority(planning);
    if (planning->why_authority) {
        if (!make_authority(planning, err))
            return false;
    } else {
        const struct chain alone = {.items = {planning->authority}, .count = 1};

        out->authority =
            (struct pair){chain_write(&alone, planning->arena), planning->state->authority_key};
    }
    out->authority_name = name_of(planning, planning->authority);
    out->authority_ends = certificate_ends(planning->authority);
    return true;
}

/* ---- the bundle */

static int64_t server_settles(const struct planning *planning)
{
    return certificate_made(planning->server.items[0]) + planning->rules->settle;
}

/* INVARIANT: a CA leaves only when nobody can serve a certificate of it any more: the one in force
 * is of another CA, and has been there long enough for every server to have it. */
static bool is_needed(const struct planning *planning, const X509 *authority)
{
    return !serves(planning) || is_same(authority, planning->issuer) ||
           planning->rules->now < server_settles(planning);
}

static void choose_wanted(struct planning *planning)
{
    planning->wanted.items[planning->wanted.count++] = planning->authority;
    for (size_t i = 0; i < planning->known.count; i++) {
        X509 *one = planning->known.items[i];

        if (!is_same(one, planning->authority) && is_needed(planning, one))
            planning->wanted.items[planning->wanted.count++] = one;
    }
}

static bool is_wanted(const struct planning *planning, const struct chain *chain)
{
    for (size_t i = 0; i < planning->wanted.count; i++) {
        if (!chain_has(chain, planning->wanted.items[i]))
            return false;
    }
    return chain->count == planning->wanted.count;
}

/* The CA that signs has been known to all who verify since then; 0: not to all. */
static int64_t known_since(const struct planning *planning)
{
    if (!chain_has(&planning->bundle, planning->authority))
        return 0;
    for (size_t i = 0; i < planning->state->trusted_count; i++) {
        if (!chain_has(&planning->trusted[i], planning->authority))
            return 0;
    }
    return planning->since;
}

static const char *names_of(const struct planning *planning, const struct chain *chain)
{
    struct strings names = {0};

    for (size_t i = 0; i < chain->count; i++)
        strings_add(&names, planning->arena, name_of(planning, chain->items[i]));
    return strings_join(&names, names.count, planning->arena);
}

static void plan_bundle(struct planning *planning)
{
    struct rotation_plan *out = planning->out;
    int64_t since = known_since(planning);
    struct bytes pem;

    choose_wanted(planning);
    pem = chain_write(&planning->wanted, planning->arena);
    out->trusted = pem;
    out->bundle = bytes_from(arena_printf(planning->arena, "%s%s\n%.*s", since_mark,
                                          when(planning, since ? since : planning->rules->now),
                                          BYTES_ARG(pem)));
    out->has_new_bundle =
        !is_wanted(planning, &planning->bundle) || (is_between(planning) && !since);
    for (size_t i = 0; i < planning->state->trusted_count; i++) {
        out->is_distrusted[i] = !is_wanted(planning, &planning->trusted[i]);
        out->has_new_bundle |= out->is_distrusted[i];
    }
    if (out->has_new_bundle)
        note(planning, arena_printf(planning->arena, "trusted from now on: %s",
                                    names_of(planning, &planning->wanted)));
}

/* ---- the server's certificate */

/* A name that it should be for and isn't; NULL: none. */
static const char *missing_name(const struct planning *planning)
{
    const struct server_names *names = planning->rules->names;
    X509 *server = planning->server.items[0];

    for (size_t i = 0; i < names->dns.count; i++) {
        if (!check_is_for(server, names->dns.items[i]))
            return names->dns.items[i];
    }
    for (size_t i = 0; i < names->addresses.count; i++) {
        if (!check_is_for(server, names->addresses.items[i]))
            return names->addresses.items[i];
    }
    return NULL;
}

static const char *why_new_server(const struct planning *planning)
{
    const char *missing;

    if (!serves(planning))
        return planning->why_broken;
    if (!is_same(planning->issuer, planning->authority))
        return "the one there was is of another CA";
    if (!has_third_left(planning->server.items[0], planning->rules->now))
        return "less than a third of the old one's time is left";
    missing = missing_name(planning);
    return missing ? arena_printf(planning->arena, "the one there was is not for %s", missing)
                   : NULL;
}

/* INVARIANT: nobody is served a certificate of a CA that not everybody knows yet who verifies. */
static bool may_be_served(const struct planning *planning)
{
    int64_t since = known_since(planning);

    return !is_between(planning) ||
           (since && planning->rules->now >= since + planning->rules->settle);
}

static bool make_server(struct planning *planning, const char *why, struct error *err)
{
    const struct issuing issuing = {planning->arena, planning->rules->now, planning->rules->days};
    struct rotation_plan *out = planning->out;

    planning->server = (struct chain){0};
    if (!issue_server(&issuing, planning->rules->names, &out->authority, &out->server, err) ||
        !chain_read(out->server.certificate, planning->arena, &planning->server, err))
        return false;
    out->has_new_server = true;
    note(planning, arena_printf(planning->arena, "new certificate, until %s: %s",
                                when(planning, certificate_ends(planning->server.items[0])), why));
    return true;
}

static bool plan_server(struct planning *planning, struct error *err)
{
    const char *why = why_new_server(planning);
    bool is_made = why && may_be_served(planning);

    planning->out->server = planning->state->server;
    if (is_made && !make_server(planning, why, err))
        return false;
    planning->out->server_ends = certificate_ends(planning->server.items[0]);
    if (why && !is_made)
        planning->out->next =
            arena_printf(planning->arena, "a run after %s brings a certificate of the new CA",
                         when(planning,
                              (known_since(planning) ? planning->since : planning->rules->now) +
                                  planning->rules->settle));
    else if (planning->wanted.count > 1)
        planning->out->next = arena_printf(planning->arena, "a run after %s lets the old CA go",
                                           when(planning, server_settles(planning)));
    return true;
}

bool rotation_make_plan(const struct rotation_state *state, const struct rotation_rules *rules,
                        struct arena *arena, struct rotation_plan *out, struct error *err)
{
    struct planning *planning = arena_alloc(arena, sizeof(*planning));

    *out = (struct rotation_plan){0};
    planning->state = state;
    planning->rules = rules;
    planning->arena = arena;
    planning->out = out;
    if (!read_state(planning, err) || !plan_authority(planning, err))
        return false;
    plan_bundle(planning);
    return plan_server(planning, err);
}
