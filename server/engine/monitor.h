// MONITOR: every command that runs is mailed to the clients that asked for it. And what of a
// command may be shown at all: passwords never, neither here nor in the slow log.
#pragma once

#include <string_view>
#include <vector>

#include "server/engine/args.h"
#include "server/engine/client.h"

namespace larder {

class Engine;

void FeedMonitors(Engine& engine, const Client& client, const Command& command, Args args);

// The words with secrets replaced by "(redacted)"; `words` is the memory for it where needed.
Args Redacted(const Command& command, Args args, std::vector<std::string_view>& words);

}  // namespace larder
