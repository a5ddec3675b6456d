/* Rule 8 left out of fairgate: any view will do, however far behind the floors it is. A story shows
 * what that lets in. */
#include "ledger/floor.h"

bool floor_is_reached(const struct floors *floors, const struct floors *seen)
{
    (void)floors;
    (void)seen;
    return true;
}
