// DEBUG's subcommands about memory: the counters of the databases, and jemalloc's controls.
#pragma once

#include "server/engine/context.h"

namespace larder {

void DebugAccounting(Context& c);
void DebugMallctl(Context& c);
void DebugMallctlString(Context& c);

}  // namespace larder
