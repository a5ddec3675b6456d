#include "http/renewal.h"

#include <pthread.h>
#include <signal.h>

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
        if (number == SIGHUP) {
            take_now(&renewal->policies, renewal->service);
            take_now(&renewal->certificates, renewal->service);
        } else {
            renewed_look(&renewal->policies, renewal->service);
            renewed_look(&renewal->certificates, renewal->service);
        }
        if (audit_log)
            audit_log_tell(audit_log);
    }
    return NULL;
}

void renewal_init(struct renewal *renewal, struct service *service)
{
    renewal->service = service;
    renewal->policies = (struct renewed){
        .look = look_at_policies,
        .reload = service_reload_policies,
        .patience = 1,
    };
    /* Certificate and key are two files, and not everybody changes both at once. */
    renewal->certificates = (struct renewed){
        .look = look_at_certificates,
        .reload = service_reload_certificates,
        .patience = LOOKS_TO_RETRY,
    };
    renewal->policies.seen = renewal->policies.in_force = look_at_policies(&service->config);
    renewal->certificates.seen = renewal->certificates.in_force =
        look_at_certificates(&service->config);
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
