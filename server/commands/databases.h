// Numbers of databases among a command's words.
#pragma once

#include "server/engine/context.h"

namespace larder {

// Parses word `i` as the number of a database. False after an error was answered: Redis' two texts,
// or `not_a_number` in place of the first.
bool ParseDatabase(Context& c, size_t i, int* db, std::string_view not_a_number = {});

}  // namespace larder
