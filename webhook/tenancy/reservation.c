#include "tenancy/reservation.h"

static const struct field fields[] = {
    {.name = "tenant",
     .type = FIELD_STRING,
     .is_required = true,
     .offset = offsetof(struct reservation_spec, tenant_name),
     .summary = "the tenant it is for"},
    {.name = "gpus",
     .type = FIELD_AMOUNT,
     .is_required = true,
     .offset = offsetof(struct reservation_spec, gpus),
     .summary = "GPUs by which guaranteed and burst are raised"},
    {.name = "from",
     .type = FIELD_INSTANT,
     .is_required = true,
     .offset = offsetof(struct reservation_spec, window.from),
     .summary = "when it begins"},
    {.name = "until",
     .type = FIELD_INSTANT,
     .is_required = true,
     .offset = offsetof(struct reservation_spec, window.until),
     .summary = "when it ends; the instant itself is outside"},
    {.name = "priority",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct reservation_spec, priority),
     .summary = "the priority classes whose pods may use it; default: all"},
    {0},
};

static void finish(void *out, struct arena *arena, struct problems *problems)
{
    const struct reservation_spec *reservation = out;

    (void)arena;
    window_check(&reservation->window, reservation->node, problems);
    if (amount_is_zero(reservation->gpus))
        problems_add(problems, node_find(reservation->node, "gpus"),
                     "\"gpus\": a reservation of 0 raises nothing");
}

const struct schema reservation_schema = {.name = "Reservation",
                                          .fields = fields,
                                          .size = sizeof(struct reservation_spec),
                                          .finish = finish};
