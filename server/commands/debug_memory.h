// DEBUG's subcommands about memory: of the databases, of one value, of clients, and jemalloc's
// controls.
#pragma once

#include "server/engine/context.h"

namespace larder {

void DebugAccounting(Context& c);
void DebugMallctl(Context& c);
void DebugMallctlString(Context& c);
void DebugStringLength(Context& c);
void DebugListpack(Context& c);
void DebugClientEviction(Context& c);

}  // namespace larder
