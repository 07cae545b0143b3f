#include "server/commands/commands.h"

namespace larder {

std::vector<std::span<const Command>> AllCommands() {
  return {
      StringCommands(),
  };
}

}  // namespace larder
