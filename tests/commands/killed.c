/* Runs a program and kills it as it is about to make the given one of its calls that change a
 * folder: killed STEP PROGRAM [ARGUMENT]... Exits with 0 where the program ended before, by 0. */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KILLED = 1, WRONG = 2, FAILED = 3 };

static bool is_change(long call)
{
    static const long changes[] = {SYS_mkdir,    SYS_symlinkat, SYS_renameat,
                                   SYS_unlinkat, SYS_fchmod,    SYS_fsync,
                                   SYS_write,    SYS_renameat2, SYS_fchmodat};

    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        if (changes[i] == call)
            return true;
    }
    return false;
}

/* The next stop at a call's beginning or end; false where the program has ended. */
static bool next_stop(pid_t child, int *status)
{
    return ptrace(PTRACE_SYSCALL, child, NULL, NULL) == 0 && waitpid(child, status, 0) == child &&
           WIFSTOPPED(*status);
}

static int follow(pid_t child, long step)
{
    int status;

    waitpid(child, &status, 0);
    ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
    while (next_stop(child, &status)) {
        struct __ptrace_syscall_info info;

        if (WSTOPSIG(status) != (SIGTRAP | 0x80))
            continue;
        if (ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof(info), &info) > 0 &&
            info.op == PTRACE_SYSCALL_INFO_ENTRY && is_change((long)info.entry.nr) && --step == 0) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return KILLED;
        }
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : FAILED;
}

int main(int argc, char **argv)
{
    pid_t child;

    if (argc < 3)
        return WRONG;
    child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        execv(argv[2], argv + 2);
        _exit(WRONG);
    }
    return follow(child, strtol(argv[1], NULL, 10));
}
