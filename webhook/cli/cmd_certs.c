/* certs: certificates of our own, for who has no other authority. */
#include "cli/commands.h"

#include "cli/group.h"

static const struct command_row rows[] = {
    {"issue", "make a CA and a server's certificate", certs_issue},
    {"check", "what is wrong with a chain, and when it ends", certs_check},
    {"rotate", "renew them without a gap, in a folder or a cluster", certs_rotate},
};

int cmd_certs(int argc, char **argv)
{
    static const struct group group = {
        .name = "fairgate certs",
        .purpose = "Certificates for fairgate serve: makes them, tells what is wrong with "
                   "them, renews them.",
        .rows = rows,
        .count = sizeof(rows) / sizeof(*rows),
    };

    return group_run(&group, argc, argv);
}
