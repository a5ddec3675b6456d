#include "ledger/tenant_usage.h"

#include <sys/queue.h>

#include "base/table.h"
#include "ledger/shared_ask.h"
#include "ledger/usage_ask.h"
#include "ledger/usage_digest.h"
#include "ledger/usage_writer.h"

struct member_of {
    STAILQ_ENTRY(member_of) next;
    const struct usage_item *item;
};

/* Items that have all in common but what their lines say. */
struct group {
    struct table_link link;
    STAILQ_ENTRY(group) next;
    const struct held_pod *pod; /* the first of them */
    STAILQ_HEAD(, member_of) members;
};

struct writer {
    const struct tenant_usage *usage;
    struct arena scratch;
    struct table by_content;
    STAILQ_HEAD(group_list, group) groups;
    struct buf spec, lines;
};

static bool is_same_ask(const struct ask *a, const struct ask *b)
{
    bool is_shared = a->requests.items == b->requests.items && a->annotations == b->annotations &&
                     a->products.items == b->products.items && a->claimed == b->claimed;

    return is_shared || ask_equal(a, b);
}

static bool belongs(const struct group *group, const struct held_pod *pod)
{
    return group->pod->is_claim == pod->is_claim &&
           bytes_equal(group->pod->namespace, pod->namespace) &&
           bytes_equal(group->pod->owner, pod->owner) &&
           bytes_equal(group->pod->priority_class, pod->priority_class) &&
           bytes_equal(group->pod->workload, pod->workload) &&
           is_same_ask(&group->pod->ask, &pod->ask);
}

static struct group *find_group(const struct writer *writer, uint64_t hash,
                                const struct held_pod *pod)
{
    for (struct table_link *link = table_first(&writer->by_content, hash); link;
         link = table_next(link)) {
        struct group *group = TABLE_THING(link, struct group, link);

        if (belongs(group, pod))
            return group;
    }
    return NULL;
}

static struct group *need_group(struct writer *writer, const struct held_pod *pod)
{
    uint64_t hash = table_hash(&writer->by_content, pod->namespace, pod->owner) ^
                    ask_hash(&writer->by_content, &pod->ask);
    struct group *group = find_group(writer, hash, pod);

    if (group)
        return group;
    group = arena_alloc(&writer->scratch, sizeof(*group));
    group->pod = pod;
    STAILQ_INIT(&group->members);
    STAILQ_INSERT_TAIL(&writer->groups, group, next);
    table_add(&writer->by_content, &group->link, hash);
    return group;
}

static void make_groups(struct writer *writer)
{
    const struct tenant_usage *usage = writer->usage;
    struct member_of *members =
        arena_alloc(&writer->scratch, usage->count * sizeof(struct member_of));
    struct group *group = NULL;

    for (size_t i = 0; i < usage->count; i++) {
        const struct held_pod *pod = &usage->items[i].pod;

        if (!group || !belongs(group, pod))
            group = need_group(writer, pod);
        members[i].item = &usage->items[i];
        STAILQ_INSERT_TAIL(&group->members, &members[i], next);
    }
}

static void write_character(struct buf *line, char c)
{
    for (const struct usage_escape *each = usage_escapes; each->text; each++) {
        if (each->c == c) {
            buf_add_text(line, each->text);
            return;
        }
    }
    buf_add_char(line, c);
}

static bool is_plain(struct bytes word)
{
    for (const struct usage_escape *each = usage_escapes; each->text; each++) {
        if (word.len && memchr(word.data, each->c, word.len))
            return false;
    }
    return true;
}

static void write_word(struct buf *lines, struct bytes word)
{
    if (word.len > TENANT_USAGE_MAX_TEXT)
        lines->is_full = true;
    else if (is_plain(word))
        buf_add(lines, word);
    else {
        for (size_t i = 0; i < word.len; i++)
            write_character(lines, word.data[i]);
    }
}

static void write_item(struct buf *lines, const struct usage_item *item)
{
    if (lines->len)
        buf_add_char(lines, '\n');
    buf_printf(lines, "%llu%s ", (unsigned long long)item->number, item->is_growth ? "+" : "");
    write_word(lines, item->pod.uid);
    buf_add_char(lines, ' ');
    write_word(lines, item->pod.name);
    if (item->pod.node.len) {
        buf_add_char(lines, ' ');
        write_word(lines, item->pod.node);
    }
}

static void write_items(struct writer *writer, const struct group *group)
{
    struct buf *lines = &writer->lines;
    const struct member_of *member;

    lines->len = 0;
    STAILQ_FOREACH(member, &group->members, next)
    write_item(lines, member->item);
    buf_add_json(&writer->spec, buf_bytes(lines));
    writer->spec.is_full |= lines->is_full;
}

static void write_group(struct writer *writer, const struct group *group)
{
    const struct held_pod *pod = group->pod;
    struct buf *spec = &writer->spec;

    usage_write_comma(spec);
    buf_add_char(spec, '{');
    usage_write_text(spec, "kind", pod->is_claim ? BYTES("ResourceClaim") : BYTES("Pod"));
    usage_write_text(spec, "namespace", pod->namespace);
    usage_write_text(spec, "owner", pod->owner);
    usage_write_text(spec, "priorityClass", pod->priority_class);
    usage_write_text(spec, "workload", pod->workload);
    usage_write_name(spec, BYTES("asks"));
    usage_ask_write(&pod->ask, &writer->scratch, spec);
    usage_write_name(spec, BYTES("objects"));
    write_items(writer, group);
    buf_add_char(spec, '}');
}

/* All but the digest. */
static void write_spec(struct writer *writer)
{
    const struct tenant_usage *usage = writer->usage;
    struct buf *spec = &writer->spec;
    const struct group *group;

    buf_printf(spec, "{\"last\":%llu,\"floors\":{\"pods\":\"%llu\",\"resourceclaims\":\"%llu\"}",
               (unsigned long long)usage->last, (unsigned long long)usage->floors.pods,
               (unsigned long long)usage->floors.claims);
    usage_write_text(spec, "series", usage->series);
    usage_write_text(spec, "unknown", usage->unknown);
    usage_write_name(spec, BYTES("reservations"));
    buf_add_char(spec, '[');
    STAILQ_FOREACH(group, &writer->groups, next)
    write_group(writer, group);
    buf_add_text(spec, "]}");
}

static void write_metadata(const struct tenant_usage *usage, struct buf *out)
{
    buf_add_text(out, "{\"apiVersion\":\"" TENANT_USAGE_API "\",\"kind\":\"TenantUsage\","
                      "\"metadata\":{");
    usage_write_text(out, "name", usage->name);
    usage_write_text(out, "uid", usage->uid);
    usage_write_text(out, "resourceVersion", usage->version);
    /* Nobody applies it, and keeping it takes the API server as long as all else. */
    if (usage->version.len) {
        usage_write_name(out, BYTES("managedFields"));
        buf_add_text(out, "[{}]");
    }
    buf_add_char(out, '}');
}

static void write_object(struct writer *writer, struct bytes status, struct buf *out)
{
    const struct tenant_usage *usage = writer->usage;
    struct bytes spec = buf_bytes(&writer->spec);
    struct document document;

    document_parse(spec, TENANT_USAGE_MAX_DEPTH, &writer->scratch, &document);
    write_metadata(usage, out);
    usage_write_name(out, BYTES("spec"));
    buf_add_char(out, '{');
    usage_write_text(out, "digest",
                     usage_digest(usage->name, usage->unknown.len ? BYTES("") : usage->uid,
                                  document_root(&document), &writer->scratch));
    buf_add_char(out, ',');
    buf_add(out, bytes_tail(spec, 1));
    if (status.len) {
        usage_write_name(out, BYTES("status"));
        buf_add(out, status);
    }
    buf_add_char(out, '}');
}

void tenant_usage_write(const struct tenant_usage *usage, struct bytes status, struct buf *out)
{
    struct writer writer = {.usage = usage};

    if (usage->count > TENANT_USAGE_MAX_ITEMS || usage->last > TENANT_USAGE_MAX_NUMBER) {
        out->is_full = true;
        return;
    }
    table_init(&writer.by_content);
    STAILQ_INIT(&writer.groups);
    buf_init(&writer.spec, &writer.scratch, TENANT_USAGE_MAX_BYTES);
    buf_init(&writer.lines, &writer.scratch, TENANT_USAGE_MAX_BYTES);
    make_groups(&writer);
    write_spec(&writer);
    if (writer.spec.is_full)
        out->is_full = true;
    else
        write_object(&writer, status, out);
    table_release(&writer.by_content);
    arena_release(&writer.scratch);
}
