/* log: one JSON object a line on stderr, each in one write. For http/, cluster/ and cli/ alone.
 *
 *     log_info("serving", "listen", address, "admin", admin);
 *
 * First the message, then names and values in turn, all of them text. */
#pragma once

#include "base/bytes.h"

enum log_level { LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

#define log_info(...) log_write(LOG_LEVEL_INFO, (const char *const[]){__VA_ARGS__, NULL})
#define log_warning(...) log_write(LOG_LEVEL_WARNING, (const char *const[]){__VA_ARGS__, NULL})
#define log_error(...) log_write(LOG_LEVEL_ERROR, (const char *const[]){__VA_ARGS__, NULL})

/* `texts` ends with NULL; a NULL value ends it, too. */
void log_write(enum log_level level, const char *const *texts);
