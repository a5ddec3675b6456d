/* version: which fairgate this is. */
#pragma once

extern const char version[];
