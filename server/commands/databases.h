// Numbers of databases among a command's words.
#pragma once

#include "server/engine/context.h"

namespace larder {

// Parses word `i` as the number of a database. False after Redis' error was answered.
bool ParseDatabase(Context& c, size_t i, int* db);

}  // namespace larder
