// The words of LMPOP, BLMPOP, ZMPOP and BZMPOP: "numkeys key [key ...] <end> [COUNT count]".
#pragma once

#include <cstddef>
#include <string_view>

#include "server/engine/context.h"

namespace larder {

struct PopRequest {
  size_t first_key = 0;    // index of its word
  size_t keys = 0;         // how many
  bool from_last = false;  // the second of the two ends
  size_t count = 1;        // the most elements to take
};

// Reads them from word `i` on, up to the last word; the ends are called LEFT and RIGHT or MIN and
// MAX. False after an error was answered.
bool ParsePopRequest(Context& c, size_t i, std::string_view first_end, std::string_view last_end,
                     PopRequest* request);

}  // namespace larder
