/* banned: libc calls that must not compile. Forced into every file by the Makefile (-include).
 *
 * The system headers that declare them come first, so that only uses after this line count. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Fortified libc has macros of these names; clang does not poison a macro. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok
#pragma GCC poison atoi atol atoll atof strtod strtof strtold
#pragma GCC poison gmtime localtime ctime asctime
