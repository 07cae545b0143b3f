#include "server/script/functions.h"

#include "server/base/strings.h"
#include "server/script/interpreter.h"
#include "server/script/library_load.h"
#include "server/script/script_runner.h"
#include "server/script/shebang.h"

namespace larder {
namespace {

void Release(Interpreter& interpreter, const std::vector<Function>& functions) {
  for (const Function& function : functions) interpreter.Release(function.number);
}

void Release(Interpreter& interpreter, const LibrarySet& set) {
  for (const auto& [name, library] : set.libraries()) Release(interpreter, library->functions);
}

}  // namespace

Functions::Functions(ScriptRunner& runner)
    : runner_(runner), interpreter_(std::make_unique<Interpreter>(Interpreter::Kind::kFunctions)) {
  PublishMemory();
}

Functions::~Functions() = default;

std::string Functions::Load(std::string_view source, bool replace, int64_t limit_ms,
                            std::string* name) {
  std::string error = LoadInto(set_, *interpreter_, source, replace, limit_ms, name);
  PublishMemory();
  return error;
}

std::string Functions::LoadInto(LibrarySet& set, Interpreter& interpreter, std::string_view source,
                                bool replace, int64_t limit_ms, std::string* name) {
  std::string error;
  const std::optional<LibraryShebang> shebang = ParseLibraryShebang(source, &error);
  if (!shebang) return error;
  if (!replace && set.Find(shebang->name) != nullptr) {
    return StrCat("ERR Library '", shebang->name, "' already exists");
  }
  LibraryLoad load(limit_ms);
  error = interpreter.LoadLibrary(source.substr(shebang->size), load);
  if (error.empty() && load.functions().empty()) error = "ERR No functions registered";
  if (!error.empty()) {
    Release(interpreter, load.functions());
    return error;
  }
  auto library = std::make_unique<FunctionLibrary>();
  library->name = *name = shebang->name;
  library->source = source;
  library->functions = std::move(load.functions());
  LibrarySet single;
  single.Add(std::move(library));
  return Join(set, std::move(single), interpreter, replace);
}

std::string Functions::Join(LibrarySet& set, LibrarySet other, Interpreter& interpreter,
                            bool replace) {
  MutexLock lock(mutex_);
  std::string error = set.RefuseJoin(other, replace);
  if (error.empty()) {
    for (const auto& old : set.Join(std::move(other))) Release(interpreter, old->functions);
  } else {
    Release(interpreter, other);
  }
  return error;
}

std::string Functions::Restore(std::span<const std::string> sources, LibraryMerge merge) {
  std::unique_ptr<Interpreter> fresh;
  if (merge == LibraryMerge::kFlush) {
    fresh = std::make_unique<Interpreter>(Interpreter::Kind::kFunctions);
  }
  Interpreter& interpreter = fresh != nullptr ? *fresh : *interpreter_;
  LibrarySet restored;
  std::string name;
  for (const std::string& source : sources) {
    std::string error = LoadInto(restored, interpreter, source, false, 0, &name);
    if (error.empty()) continue;
    Release(interpreter, restored);
    return error;
  }
  std::string error;
  if (fresh != nullptr) {
    MutexLock lock(mutex_);
    interpreter_ = std::move(fresh);
    set_ = std::move(restored);
  } else {
    error = Join(set_, std::move(restored), interpreter, merge == LibraryMerge::kReplace);
  }
  PublishMemory();
  return error;
}

bool Functions::Delete(std::string_view name) {
  std::unique_ptr<FunctionLibrary> library;
  {
    MutexLock lock(mutex_);
    library = set_.Remove(name);
  }
  if (library == nullptr) return false;
  Release(*interpreter_, library->functions);
  return true;
}

void Functions::Flush() {
  interpreter_ = std::make_unique<Interpreter>(Interpreter::Kind::kFunctions);
  PublishMemory();
  MutexLock lock(mutex_);
  set_ = LibrarySet();
}

void Functions::Run(Context& caller, const Function& function, Args keys, Args arguments,
                    bool read_only) {
  runner_.Run(caller,
              {.kind = ScriptKind::kFunction,
               .name = function.name,
               .flags = function.flags,
               .interpreter = *interpreter_,
               .function = function.number},
              keys, arguments, read_only);
  PublishMemory();
}

std::optional<uint32_t> Functions::Flags(std::string_view name) const {
  MutexLock lock(mutex_);
  const Function* function = set_.FindFunction(name);
  if (function == nullptr) return {};
  return function->flags;
}

size_t Functions::library_count() const {
  MutexLock lock(mutex_);
  return set_.libraries().size();
}

size_t Functions::function_count() const {
  MutexLock lock(mutex_);
  return set_.functions();
}

size_t Functions::memory_bytes() const {
  MutexLock lock(mutex_);
  return set_.memory_bytes();
}

void Functions::PublishMemory() {
  interpreter_bytes_.store(interpreter_->memory_bytes(), std::memory_order_relaxed);
}

}  // namespace larder
