// The reasons to refuse a command, in Redis' order. Refuse() looks at them from top to bottom for
// every request; what a client sees depends on the order.
#pragma once

#include <string>

#include "server/engine/args.h"
#include "server/engine/client.h"
#include "server/engine/command.h"

namespace larder {

class Engine;
class Worker;

struct Attempt {
  Engine& engine;
  Worker& worker;
  Client& client;
  const Command* command;  // null where the words name none
  Args args;
};

// Whether a replication stream or an append-only file may hold the command: it changes data or
// reads them, here or on another server, or says where and in what groups that is done. What is
// about its sender's own connection, about roles or the server itself is nothing that has happened
// to data.
bool BelongsToHistory(const Command& command);

// The error to answer, without the leading minus; empty when the command may run.
std::string Refuse(const Attempt& attempt);

// The same for who has waited for his turn behind the closed gate: others went first, who may have
// changed the role of this server, the user, or the data set.
std::string RefuseBehindGate(const Attempt& attempt);

// The flags of a call: the row's, or what the script or function that it runs declares.
uint64_t FlagsOf(const Engine& engine, const Command& command, Args args);

// The same of all that a client's call runs: of EXEC, itself and the queue.
struct RunFlags {
  uint64_t of_any, of_all;
};
RunFlags RunFlagsOf(const Engine& engine, const Client& client, const Command& command, Args args);

// Redis' text for words that name no command or no subcommand.
std::string UnknownCommand(const Engine& engine, Args args);

// Makes room where the memory in use is above maxmemory. True when there is none and the command
// would need some: it uses memory, or it would be queued in MULTI.
bool OutOfMemory(const Attempt& attempt);

// What OutOfMemory found when the running command began: for scripts, which are not stopped later.
bool FoundNoMemory(const Attempt& attempt);

// The text of -READONLY or -MASTERDOWN, where this server is a replica and does not run such a
// command for clients; else empty.
std::string RefuseAsReplica(const Attempt& attempt);

// This server is a replica that may not answer without its primary, and has lost it.
bool IsStaleReplica(const Engine& engine);

// True when a script or function has run for busy-reply-threshold: it may be ended, and most
// commands are answered -BUSY.
bool ScriptIsBusy(const Engine& engine);

// True when writes must wait for more replicas (min-replicas-to-write) and the command writes.
bool TooFewReplicas(const Attempt& attempt);

// The text of -MISCONF while saving fails, for what changes the data set and for PING.
std::string RefuseInTrouble(const Attempt& attempt);

}  // namespace larder
