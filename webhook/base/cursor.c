#include "base/cursor.h"

#include "base/buf.h"

static const struct bytes byte_order_mark = BYTES("\xef\xbb\xbf");

void cursor_init(struct cursor *cursor, struct bytes text)
{
    *cursor = (struct cursor){.text = text, .line = 1, .column = 1};
    if (bytes_has_prefix(text, byte_order_mark))
        cursor->at = byte_order_mark.len;
}

bool cursor_step(struct cursor *cursor)
{
    struct bytes text = cursor->text;
    size_t at = cursor->at;
    size_t len = 1;

    if (at >= text.len)
        return false;
    if ((unsigned char)text.data[at] >= 0x80)
        len = text_character(text, at);
    cursor->at += len ? len : 1;
    cursor->index++;
    if (text.data[at] == '\n' ||
        (text.data[at] == '\r' && (at + 1 == text.len || text.data[at + 1] != '\n'))) {
        cursor->line++;
        cursor->column = 1;
    } else {
        cursor->column++;
    }
    return true;
}

void cursor_to_index(struct cursor *cursor, size_t index)
{
    if (index < cursor->index)
        cursor_init(cursor, cursor->text);
    while (cursor->index < index && cursor_step(cursor))
        ;
}

void cursor_to_offset(struct cursor *cursor, size_t offset)
{
    if (offset < cursor->at)
        cursor_init(cursor, cursor->text);
    while (cursor->at < offset && cursor_step(cursor))
        ;
}

bool cursor_to_place(struct cursor *cursor, uint32_t line, uint32_t column)
{
    if (line < cursor->line || (line == cursor->line && column < cursor->column))
        cursor_init(cursor, cursor->text);
    while (cursor->line < line && cursor_step(cursor))
        ;
    if (cursor->line < line)
        return false;
    while (cursor->column < column && !cursor_is_at_line_end(cursor))
        cursor_step(cursor);
    return true;
}

bool cursor_is_at_line_end(const struct cursor *cursor)
{
    return cursor->at >= cursor->text.len || cursor->text.data[cursor->at] == '\n' ||
           cursor->text.data[cursor->at] == '\r';
}
