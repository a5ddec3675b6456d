/* waiting: for files that can't be used at the start. Who asks for readiness is told what is wrong
 * with them, and so is the log. */
#pragma once

#include <signal.h>

#include "http/renewal.h"

struct waiting {
    struct service *service;
    struct renewal *renewal; /* not started yet */
    const sigset_t *ends;    /* the signals that end it */
    const char *admin;       /* the address where readiness is told */
};

/* Read the files each second until all can be used. False: told to end. */
bool waiting_read(const struct waiting *waiting) MUST_CHECK;

/* The first fault, where nobody waits. Returns false. */
bool waiting_tell_first(const struct file_faults *faults, struct error *err);
