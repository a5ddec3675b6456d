/* live_scene: a scene whose ledger has a live view, and what a test makes its watches show. */
#pragma once

#include "ledger/live.h"
#include "unit/ledger/scene.h"

enum { SCENE_MAX_REQUEST = 45000 };

extern const struct live_times scene_times;

/* With everything listed, and nothing there, and that known of every tenant. */
void scene_init_live(struct scene *scene, const char *yaml);

/* Each tenant's chore, once. */
void scene_do_chores(struct scene *scene);

/* What isn't known was found so long ago that a list may be asked for. */
void scene_age_unknown(struct scene *scene);

/* Objects are made where they are missing, and what was let in comes to be known. */
void scene_know(struct scene *scene);

struct value scene_parse(struct scene *scene, const char *text);

/* A list of these objects, which end with NULL; NULL: of none. */
void scene_list(struct scene *scene, enum live_kind kind, const char *const *texts);

/* An event that shows a pod, or its end. */
void scene_see(struct scene *scene, const struct pod_text *pod);
void scene_see_gone(struct scene *scene, const struct pod_text *pod);

/* All that is reserved was made `milliseconds` earlier. */
void scene_age(struct scene *scene, int64_t milliseconds);

/* All that is reserved gets so old that the oldest is due, which is `out`. */
void scene_wait_due(struct scene *scene, struct live_due *out);

/* A read for it shows this object; NULL: none. */
void scene_resolve(struct scene *scene, const struct live_due *due, const char *text);

/* What a fresh pod sees: "used/reserved". */
const char *scene_gpus(struct scene *scene);
