/* bundle_write: a bundle as text, or as a Kustomize base in a folder. */
#pragma once

#include "cli/bundle.h"

/* On stdout, one YAML document after another. */
void bundle_print_yaml(const struct bundle *bundle);

/* On stdout, a List in one line. */
void bundle_print_json(const struct bundle *bundle);

/* A file for each kind of objects and a kustomization.yaml, in a folder that is made. One that
 * holds anything is left as it is, unless `is_forced`: then these files are written anew, those of
 * them that the bundle lacks go, and others stay. */
bool bundle_write_folder(const struct bundle *bundle, const char *folder, bool is_forced,
                         struct error *err) MUST_CHECK;
