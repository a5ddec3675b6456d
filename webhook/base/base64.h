/* base64: RFC 4648, section 4, with padding. */
#pragma once

#include "base/buf.h"

/* Decode `text`; line breaks in it are passed over. False where it is no base64. */
bool base64_decode(struct bytes text, struct arena *arena, struct bytes *out) MUST_CHECK;

/* On one line, without breaks. */
void base64_add(struct buf *buf, struct bytes text);
