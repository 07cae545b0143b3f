#include "server/script/scripts.h"

#include "server/base/hex.h"
#include "server/script/interpreter.h"
#include "server/script/script_runner.h"
#include "server/script/shebang.h"

namespace larder {

Scripts::Scripts(ScriptRunner& runner)
    : runner_(runner), interpreter_(std::make_unique<Interpreter>(Interpreter::Kind::kScripts)) {
  PublishMemory();
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
  PublishMemory();
  return added;
}

void Scripts::Run(Context& caller, const Script& script, Args keys, Args arguments,
                  bool read_only) {
  runner_.Run(caller,
              {.kind = ScriptKind::kScript,
               .name = script.name,
               .flags = script.flags,
               .interpreter = *interpreter_,
               .function = script.function},
              keys, arguments, read_only);
  PublishMemory();
}

void Scripts::Flush() {
  cache_.Clear();
  interpreter_ = std::make_unique<Interpreter>(Interpreter::Kind::kScripts);
  PublishMemory();
}

bool Scripts::Has(std::string_view sha) const { return Flags(sha).has_value(); }

std::optional<uint32_t> Scripts::Flags(std::string_view sha) const {
  const std::optional<Sha1> binary = ParseSha1(sha);
  return binary ? cache_.Flags(*binary) : std::nullopt;
}

void Scripts::PublishMemory() {
  interpreter_bytes_.store(interpreter_->memory_bytes(), std::memory_order_relaxed);
}

}  // namespace larder
