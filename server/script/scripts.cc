#include "server/script/scripts.h"

#include "protocol/errors.h"
#include "server/base/clock.h"
#include "server/engine/engine.h"
#include "server/script/interpreter.h"
#include "server/script/shebang.h"
#include "server/store/memory.h"

namespace larder {

// The client gets no id: it is in no list.
Scripts::Scripts() : interpreter_(std::make_unique<Interpreter>()), client_(0, nullptr) {
  client_.is_script = true;
}

Scripts::~Scripts() = default;

const Script* Scripts::Find(std::string_view sha) const {
  const std::optional<Sha1> binary = ParseSha1(sha);
  return binary ? cache_.FindBySha(*binary) : nullptr;
}

const Script* Scripts::Register(std::string_view body, bool keep, std::string* error) {
  if (Script* script = cache_.FindByBody(body)) {
    script->loaded |= keep;
    return script;
  }
  const std::optional<Shebang> shebang = ParseShebang(body, error);
  if (!shebang) return nullptr;
  std::string reason;
  const int function = interpreter_->Compile(body.substr(shebang->size), &reason);
  if (function == 0) {
    *error = "ERR Error compiling script (new function): " + reason;
    return nullptr;
  }
  auto script = std::make_unique<Script>();
  script->sha = Sha1Of(body);
  script->name = HexOf(script->sha);
  script->body = body;
  script->flags = shebang->flags;
  script->function = function;
  script->loaded = keep;
  const Script* added = script.get();
  if (const auto dropped = cache_.Add(std::move(script))) interpreter_->Release(dropped->function);
  return added;
}

std::string Scripts::RefuseStart(Context& caller, const Script& script, bool read_only) const {
  if (script.flags & kScriptPlain) return {};
  if (read_only && !(script.flags & kScriptNoWrites)) {
    return "ERR Can not execute a script with write flag using *_ro command.";
  }
  if (script.flags & kScriptNoWrites) return {};
  const Settings& settings = caller.engine.config.settings();
  if (settings.min_replicas_to_write > 0 && settings.min_replicas_max_lag_s > 0) {
    return std::string(errors::kNoReplicas);
  }
  if (script.flags & kScriptAllowOom) return {};
  const int64_t limit = caller.engine.config.settings().maxmemory;
  if (limit == 0 || static_cast<int64_t>(UsedMemory()) <= limit) return {};
  return std::string(errors::kOom);
}

void Scripts::Run(Context& caller, const Script& script, Args keys, Args arguments,
                  bool read_only) {
  if (std::string refusal = RefuseStart(caller, script, read_only); !refusal.empty()) {
    return caller.reply.Error(refusal);
  }
  const bool plain = (script.flags & kScriptPlain) != 0;
  const ScriptRun::Rules rules{
      .read_only = read_only || (!plain && (script.flags & kScriptNoWrites)),
      .allow_oom = !plain && (script.flags & kScriptAllowOom)};
  ScriptRun run(caller, client_, state_, script.name, rules);
  // All commands of the script see this time.
  caller.worker.now_ms = WallMs();
  state_.Begin(MonotonicUs());
  interpreter_->Run({.function = script.function,
                     .name = script.name,
                     .keys = keys,
                     .arguments = arguments,
                     .server = run,
                     .reply = caller.reply});
  state_.End();
  interpreter_bytes_.store(interpreter_->memory_bytes(), std::memory_order_relaxed);
}

void Scripts::Flush() {
  cache_.Clear();
  interpreter_ = std::make_unique<Interpreter>();
  interpreter_bytes_.store(interpreter_->memory_bytes(), std::memory_order_relaxed);
}

bool Scripts::Has(std::string_view sha) const {
  const std::optional<Sha1> binary = ParseSha1(sha);
  return binary && cache_.Has(*binary);
}

std::string_view Scripts::BusyError() const { return errors::kBusyScript; }

size_t Scripts::memory_bytes() const {
  return cache_.memory_bytes() + interpreter_bytes_.load(std::memory_order_relaxed);
}

}  // namespace larder
