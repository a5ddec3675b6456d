#include "ledger/reservation.h"

#include "base/memory.h"

struct reservation *reservation_new(const struct held_pod *pod)
{
    struct reservation *reservation = memory_alloc(sizeof(*reservation) + held_pod_room(pod));

    held_pod_copy(pod, reservation + 1, &reservation->pod);
    reservation->holders = 1;
    return reservation;
}

void reservation_note_seen(struct reservation *reservation, const struct held_pod *pod)
{
    struct held_pod *seen = memory_alloc(sizeof(*seen) + held_pod_room(pod));

    held_pod_copy(pod, seen + 1, seen);
    free(reservation->seen);
    reservation->seen = seen;
}

struct reservation *reservation_hold(struct reservation *reservation)
{
    reservation->holders++;
    return reservation;
}

void reservation_let_go(struct reservation *reservation)
{
    if (--reservation->holders)
        return;
    free(reservation->seen);
    free(reservation);
}
