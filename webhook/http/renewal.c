#include "http/renewal.h"

#include <pthread.h>
#include <signal.h>

#include "base/file.h"
#include "policy/load.h"

enum { LOOK_MS = 250, LOOKS_TO_RETRY = 16 };

static uint64_t look_at_policies(const struct service_config *config)
{
    return load_fingerprint(config->policies);
}

static uint64_t look_at_certificates(const struct service_config *config)
{
    return tls_fingerprint(&config->tls);
}

static uint64_t look_at_path_secret(const struct service_config *config)
{
    return file_fingerprint(config->path_secret);
}

static void try_to_renew(struct renewed *files, struct service *service, bool tells)
{
    bool is_taken = files->reload(service, files->seen, tells);

    files->in_force = is_taken ? files->seen : 0;
    files->is_told = !is_taken && (files->is_told || tells);
}

/* What can't be used may be so for a while only, though the files look the same: where they can't
 * be read, or where the filesystem's clock is coarse. So it is tried again. */
void renewed_look(struct renewed *files, struct service *service)
{
    uint64_t now = files->look(&service->config);

    if (now != files->seen) {
        files->seen = now;
        files->looks = 0;
        files->is_told = false;
        return;
    }
    files->looks++;
    if (files->in_force != now && (files->looks == 1 || files->looks % LOOKS_TO_RETRY == 0))
        try_to_renew(files, service, !files->is_told && files->looks >= files->patience);
}

static void take_now(struct renewed *files, struct service *service)
{
    files->seen = files->look(&service->config);
    files->looks = 0;
    try_to_renew(files, service, true);
}

static void *run(void *data)
{
    static const struct timespec step = {.tv_nsec = LOOK_MS * 1000000};
    struct renewal *renewal = data;
    struct audit_log *audit_log = renewal->service->audit_log;
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGUSR1);
    for (;;) {
        int number = sigtimedwait(&signals, NULL, &step);

        if (audit_log && number > 0)
            audit_log_reopen(audit_log);
        for (size_t i = 0; i < renewal->group_count; i++)
            (number == SIGHUP ? take_now : renewed_look)(&renewal->groups[i], renewal->service);
        if (audit_log)
            audit_log_tell(audit_log);
    }
    return NULL;
}

void renewal_init(struct renewal *renewal, struct service *service)
{
    static const struct renewed groups[RENEWAL_GROUPS] = {
        {.look = look_at_policies, .reload = service_reload_policies, .patience = 1},
        /* Certificate and key are two files, and not everybody changes both at once. */
        {.look = look_at_certificates,
         .reload = service_reload_certificates,
         .patience = LOOKS_TO_RETRY},
        {.look = look_at_path_secret, .reload = service_reload_path_secret, .patience = 1},
    };

    renewal->service = service;
    renewal->group_count = service->config.path_secret ? RENEWAL_GROUPS : RENEWAL_GROUPS - 1;
    for (size_t i = 0; i < renewal->group_count; i++) {
        struct renewed *files = &renewal->groups[i];

        *files = groups[i];
        files->seen = files->in_force = files->look(&service->config);
    }
}

bool renewal_start(struct renewal *renewal, struct error *err)
{
    pthread_t thread;
    int failure = pthread_create(&thread, NULL, run, renewal);

    if (failure != 0)
        return error_set(err, "a thread: %s", strerror(failure));
    pthread_detach(thread);
    return true;
}
