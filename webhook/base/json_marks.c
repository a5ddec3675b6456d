#include "base/json_marks.h"

#ifdef __SSE2__
#include <emmintrin.h>

/* Two swaps neighbours in the table of characters, and so puts the quote where the space is, above
 * the control characters; as signed numbers, bytes from 0x80 on are below all, and stay there when
 * one more than a space is taken off. */
static uint64_t mark_16(const char *at)
{
    __m128i chunk = _mm_loadu_si128((const __m128i *)at);
    __m128i backslash = _mm_cmpeq_epi8(chunk, _mm_set1_epi8('\\'));
    __m128i swapped = _mm_xor_si128(chunk, _mm_set1_epi8(2));
    __m128i below = _mm_subs_epi8(swapped, _mm_set1_epi8(' ' + 1));

    return (unsigned)_mm_movemask_epi8(_mm_or_si128(backslash, below));
}

static uint64_t mark_64(const char *at)
{
    return mark_16(at) | mark_16(at + 16) << 16 | mark_16(at + 32) << 32 | mark_16(at + 48) << 48;
}

#else
#include <endian.h>
#include <string.h>

static const uint64_t ones = 0x0101010101010101;

/* The topmost bit of each byte that is 0. */
static uint64_t zeros(uint64_t bytes)
{
    const uint64_t low = ones * 0x7f;

    return ~(((bytes & low) + low) | bytes | low);
}

static uint64_t mark_8(const char *at)
{
    uint64_t chunk, found;

    memcpy(&chunk, at, sizeof(chunk));
    chunk = le64toh(chunk);
    found =
        zeros(chunk ^ ones * '"') | zeros(chunk ^ ones * '\\') | zeros(chunk & ones * 0x60) | chunk;
    /* Gathers the topmost bits: the first byte's goes to bit 56, the second one's to bit 57, ... */
    return (found >> 7 & ones) * 0x0102040810204080 >> 56;
}

static uint64_t mark_64(const char *at)
{
    uint64_t marks = 0;

    for (int i = 0; i < 8; i++)
        marks |= mark_8(at + (ptrdiff_t)i * 8) << i * 8;
    return marks;
}
#endif

void json_mark(const char *text, size_t count, uint64_t *marks)
{
    for (size_t i = 0; i < count; i++)
        marks[i] = mark_64(text + i * MARKED_AT_ONCE);
}
