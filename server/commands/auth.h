// Authentication, for AUTH and HELLO.
#pragma once

#include <string_view>

#include "server/engine/context.h"

namespace larder {

// Makes the client that user's. False after WRONGPASS was answered and noted for ACL LOG.
bool Authenticate(Context& c, std::string_view user, std::string_view password);

}  // namespace larder
