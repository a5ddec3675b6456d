/* images: where images may come from, judged on the parsed, normalised reference.
 *
 * Every image of the pod counts: init, main, sidecar and ephemeral containers, and image volumes.
 * What can't be parsed as a reference breaks the rule. */
#include "engine/check.h"
#include "kube/image_ref.h"

struct image_settings {
    const struct node *node;
    struct strings allow, deny;
    struct tag_settings {
        const struct node *node;
        struct globs deny;
    } tags;
    int digest;
    bool is_allow_given, is_digest_required;
};

static const char *const digest_words[] = {"required", NULL};

static const struct field tag_fields[] = {
    {.name = "deny",
     .type = FIELD_GLOBS,
     .is_required = true,
     .offset = offsetof(struct tag_settings, deny),
     .summary = "tags that no image may have, by name or glob; no tag and no digest is latest"},
    {0},
};

/* What a tag is made of (github.com/distribution/reference), and wildcards. */
static bool can_be_tag(struct bytes pattern)
{
    for (size_t i = 0; i < pattern.len; i++) {
        char c = pattern.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!is_letter && !(c && strchr("_*?", c)) && !(i > 0 && c && strchr(".-", c)))
            return false;
    }
    return true;
}

static void finish_tags(void *out, struct arena *arena, struct problems *problems)
{
    const struct tag_settings *tags = out;
    const struct node *list = node_find(tags->node, "deny");

    for (size_t i = 0; list && i < list->count; i++) {
        if (!can_be_tag(list->children[i].text))
            problems_add(problems, &list->children[i],
                         "\"%s\" matches no tag: they have letters, digits, '_', '.' and '-'",
                         text_quote(arena, list->children[i].text));
    }
}

static const struct schema tag_schema = {.name = "tags",
                                         .fields = tag_fields,
                                         .size = sizeof(struct tag_settings),
                                         .finish = finish_tags};

static const struct field fields[] = {
    {.name = "allow",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct image_settings, allow),
     .summary = "patterns over host and path, one of which an image must match"},
    {.name = "deny",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct image_settings, deny),
     .summary = "patterns over host and path that no image may match; wins over allow"},
    {.name = "tags",
     .type = FIELD_OBJECT,
     .schema = &tag_schema,
     .offset = offsetof(struct image_settings, tags),
     .summary = "what tags may be"},
    {.name = "digest",
     .type = FIELD_ENUM,
     .words = digest_words,
     .offset = offsetof(struct image_settings, digest),
     .summary = "required: every image must be named by digest"},
    {0},
};

static void check_patterns(const struct image_settings *settings, const char *list, bool needs_host,
                           struct problems *problems)
{
    const struct node *node = node_find(settings->node, list);

    for (size_t i = 0; node && node->kind == NODE_LIST && i < node->count; i++) {
        struct error err = {0};

        if (node->children[i].kind == NODE_STRING && node->children[i].text.len > 0 &&
            !image_pattern_check(node->children[i].text, needs_host, &err))
            problems_add(problems, &node->children[i], "%s", err.text);
    }
}

/* Lists whose patterns would take long to compare aren't compared. */
enum { MOST_PAIRS = 100000 };

/* The first pattern of the list, but the one itself, that covers it. Of two that are the same the
 * second is covered. */
static const struct node *find_cover(const struct node *list, const struct node *pattern)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct node *other = &list->children[i];

        if (other != pattern && image_pattern_covers(other->text.data, pattern->text.data) &&
            !(other > pattern && image_pattern_covers(pattern->text.data, other->text.data)))
            return other;
    }
    return NULL;
}

static bool overlaps_any(const struct node *list, const struct node *pattern)
{
    for (size_t i = 0; i < list->count; i++) {
        if (image_pattern_overlaps(list->children[i].text.data, pattern->text.data))
            return true;
    }
    return false;
}

static void find_shadowed(const struct node *list, struct problems *problems)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct node *pattern = &list->children[i], *cover = find_cover(list, pattern);

        if (cover)
            problems_warn(problems, pattern, "\"%s\" says nothing that \"%s\" doesn't say",
                          pattern->text.data, cover->text.data);
    }
}

static void find_dead(const struct node *allow, const struct node *deny, struct problems *problems)
{
    for (size_t i = 0; i < allow->count; i++) {
        const struct node *pattern = &allow->children[i], *cover = find_cover(deny, pattern);

        if (cover)
            problems_add(problems, pattern, "this allows nothing: \"%s\" is denied by \"%s\"",
                         pattern->text.data, cover->text.data);
    }
    for (size_t i = 0; i < deny->count; i++) {
        const struct node *pattern = &deny->children[i];

        if (!overlaps_any(allow, pattern))
            problems_warn(problems, pattern,
                          "this denies nothing more: no image that is allowed matches \"%s\"",
                          pattern->text.data);
    }
}

/* Of lists without mistakes. */
static void compare_patterns(const struct image_settings *settings, struct problems *problems)
{
    const struct node *lists[] = {node_find(settings->node, "allow"),
                                  node_find(settings->node, "deny")};

    if (lists[0] && lists[1] && lists[0]->count * lists[1]->count <= MOST_PAIRS)
        find_dead(lists[0], lists[1], problems);
    for (int i = 0; i < 2; i++) {
        if (lists[i] && lists[i]->count * lists[i]->count <= MOST_PAIRS)
            find_shadowed(lists[i], problems);
    }
}

static void finish(void *out, struct arena *arena, struct problems *problems)
{
    struct image_settings *settings = out;
    size_t mistakes = problems->error_count;

    (void)arena;
    settings->is_allow_given = node_find(settings->node, "allow");
    settings->is_digest_required = node_find(settings->node, "digest");
    check_patterns(settings, "allow", true, problems);
    check_patterns(settings, "deny", false, problems);
    if (problems->error_count == mistakes)
        compare_patterns(settings, problems);
}

static const char *const choice[] = {"allow", "deny", "tags", "digest", NULL};

static const struct schema settings_schema = {.name = "images",
                                              .fields = fields,
                                              .choice = choice,
                                              .size = sizeof(struct image_settings),
                                              .finish = finish};

static const char *find_match(const struct strings *patterns, const struct image_ref *ref)
{
    for (size_t i = 0; i < patterns->count; i++) {
        if (image_pattern_matches(patterns->items[i], ref))
            return patterns->items[i];
    }
    return NULL;
}

/* An image as messages tell of it. */
struct told_image {
    const struct image_ref *ref;
    struct bytes image;
    const char *text, *field;
};

static void check_source(const struct image_settings *settings, const struct told_image *told,
                         const struct facts *facts, struct findings *findings)
{
    const char *denied = find_match(&settings->deny, told->ref), *field = told->field;

    if (!denied && (!settings->is_allow_given || find_match(&settings->allow, told->ref)))
        return;
    findings->value = told->image;
    if (denied)
        findings_add_next(findings, field, "use another image",
                          "%s has the image \"%s\" (%s), which is denied by \"%s\"",
                          facts_subject(facts), told->text, told->ref->name, denied);
    else
        findings_add_next(findings, field,
                          arena_printf(facts->arena, "use an image that matches %s",
                                       strings_join(&settings->allow, 4, facts->arena)),
                          "%s has the image \"%s\" (%s), which is from no allowed source",
                          facts_subject(facts), told->text, told->ref->name);
}

static void check_image(const struct image_settings *settings, const struct image_use *use,
                        const struct facts *facts, struct findings *findings)
{
    const char *image, *field;
    struct image_ref ref;
    struct error err = {0};
    bool is_parsed = image_ref_parse(use->image, facts->arena, &ref, &err), is_told;

    if (is_parsed && (!settings->is_allow_given || find_match(&settings->allow, &ref)) &&
        !find_match(&settings->deny, &ref) &&
        !(ref.tag[0] && globs_match(&settings->tags.deny, bytes_from(ref.tag))) &&
        !(settings->is_digest_required && !ref.digest[0]))
        return;
    is_told = !findings_are_full(findings);
    image = is_told ? text_clean(facts->arena, use->image, 200) : "";
    field = is_told ? facts_field(facts, use->value) : "";
    if (!is_parsed) {
        findings->value = use->image;
        findings_add_next(findings, field, "write the image as HOST/PATH:TAG",
                          "%s has the image \"%s\", which is no image reference: %s",
                          facts_subject(facts), image, err.text);
        return;
    }
    check_source(settings, &(struct told_image){&ref, use->image, image, field}, facts, findings);
    if (ref.tag[0] && globs_match(&settings->tags.deny, bytes_from(ref.tag))) {
        findings->value = use->image;
        findings_add_next(findings, field, "name a version, or a digest",
                          "%s has the image \"%s\" with the tag \"%s\", which is denied",
                          facts_subject(facts), image, ref.tag);
    }
    if (settings->is_digest_required && !ref.digest[0]) {
        findings->value = use->image;
        findings_add_next(findings, field, "name the image by digest: NAME@sha256:...",
                          "%s has the image \"%s\" without a digest", facts_subject(facts), image);
    }
}

static void check(const void *settings, const struct facts *facts, struct findings *findings)
{
    for (size_t i = 0; i < facts->pod.image_count; i++)
        check_image(settings, &facts->pod.images[i], facts, findings);
}

const struct check_kind images_check = {
    .name = "images",
    .summary = "where images may come from, their tags and digests",
    .evaluations =
        EVALUATE_POD_CREATE | EVALUATE_POD_UPDATE | EVALUATE_POD_EPHEMERAL | EVALUATE_TEMPLATE,
    .settings = &settings_schema,
    .check = check,
};
