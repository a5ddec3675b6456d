#include "ledger/floor.h"

bool floor_is_reached(const struct floors *floors, const struct floors *seen)
{
    return seen->pods >= floors->pods && seen->claims >= floors->claims;
}
