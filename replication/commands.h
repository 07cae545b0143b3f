// The replication room's commands: rows for the command table, as in server/commands/commands.h.
#pragma once

#include <span>

#include "server/engine/command.h"

namespace larder {

std::span<const Command> ReplicationCommands();  // commands.cc

}  // namespace larder
