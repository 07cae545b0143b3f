// What the commands of scripts and of functions share.
#pragma once

#include <string_view>

#include "server/engine/context.h"
#include "server/script/scripting.h"

namespace larder {

Scripting& ScriptingOf(Context& c);

// Of the rows that run something: EVAL, FCALL and their kin.
inline constexpr uint64_t kRunScriptFlags =
    kNoScript | kSkipMonitor | kNoMandatoryKeys | kStale | kExclusive;

// Reads how many of the words from 3 on are keys, from word 2. False when it was answered, with
// `not_a_number` where it is none.
bool ReadKeyCount(Context& c, size_t* count, std::string_view not_a_number);

// Whether the words behind the subcommand are nothing, SYNC or ASYNC.
bool IsFlushMode(Args args);

// SCRIPT KILL, FUNCTION KILL.
void KillRunning(Context& c, ScriptKind kind);

}  // namespace larder
