#include "base/version.h"

const char version[] = FAIRGATE_VERSION;
