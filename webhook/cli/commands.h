/* commands: what each file of this folder provides, and how all commands end. */
#pragma once

#include <stddef.h>

/* How a command ends: yes; no (denied, failed, unsound); it could not be carried out as given. */
enum { EXIT_YES = 0, EXIT_NO = 1, EXIT_UNUSABLE = 2 };

/* argv[0] is the command's name; what is returned is the exit code. */
typedef int command_fn(int argc, char **argv);

struct command_row {
    const char *name, *summary;
    command_fn *run;
};

#define PROGRAM_PURPOSE "A Kubernetes admission webhook that shares out a cluster's accelerators."
#define PROGRAM_EXITS "0 yes; 1 no (denied, failed, unsound); 2 could not be carried out as given."

command_fn cmd_accelerators, cmd_audit, cmd_bundle, cmd_certs, cmd_check, cmd_completion, cmd_diff,
    cmd_eval, cmd_explain, cmd_matrix, cmd_schema, cmd_serve, cmd_test, cmd_version;

/* Those below `certs`. */
command_fn certs_check, certs_issue, certs_rotate;
