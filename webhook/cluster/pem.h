/* pem: do certificates and keys look like such? So that a wrong file is found at the start, and not
 * with the first connection. */
#pragma once

#include "base/arena.h"

/* At least one certificate, and no broken one. */
bool pem_check_certificates(struct bytes text, struct error *err) MUST_CHECK;

/* A private key that isn't encrypted: there is nobody to ask for a passphrase. */
bool pem_check_key(struct bytes text, struct error *err) MUST_CHECK;
