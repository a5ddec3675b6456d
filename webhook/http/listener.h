/* listener: a socket that waits for connections, from an address in words. */
#pragma once

#include "base/error.h"

struct listener {
    int fd;
    char address[64]; /* as it is: with the port that was free where 0 was asked for */
};

/* "0.0.0.0:8443", "[::]:8443", ":8443" (every address, IPv6 and IPv4, or IPv4 alone where the
 * kernel has no IPv6); numbers only. Takes the address, but no connection yet: one that is in use
 * is told here or by listener_open. `err` names the address. */
bool listener_bind(const char *address, struct listener *out, struct error *err) MUST_CHECK;

/* Connections are taken from now on. */
bool listener_open(struct listener *listener, struct error *err) MUST_CHECK;
