/* usage_ask: what a pod asks for, as a TenantUsage holds it. */
#pragma once

#include "base/buf.h"
#include "tenancy/demand.h"

struct usage_reader;

/* `asks`: an object, or absent. */
void usage_ask_read(struct usage_reader *reader, struct value asks, struct ask *out);

/* As JSON; what `scratch` gets is not needed afterwards. */
void usage_ask_write(const struct ask *ask, struct arena *scratch, struct buf *out);
