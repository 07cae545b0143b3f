#include "server/script/interpreter.h"

#include <cstdlib>
#include <lua.hpp>

#include "server/base/check.h"
#include "server/base/strings.h"
#include "server/script/error_table.h"
#include "server/script/libraries.h"
#include "server/script/library_api.h"
#include "server/script/library_load.h"
#include "server/script/lua_strings.h"
#include "server/script/lua_to_reply.h"
#include "server/script/names.h"
#include "server/script/redis_api.h"
#include "server/script/sandbox.h"

// Weak: null in the programs that do not link jemalloc.
extern "C" __attribute__((weak)) void sdallocx(void* block, size_t size, int flags);

namespace larder {
namespace {

// Lua knows how large what it frees is, so that jemalloc need not look it up.
void FreeSized(void* block, size_t size) {
  if (block == nullptr) return;
  if (sdallocx != nullptr) return sdallocx(block, size, 0);
  std::free(block);
}

// How often a script is asked whether it should stop: about a millisecond of plain Lua.
constexpr int kInstructionsBetweenChecks = 100'000;

// The collector starts again when memory has grown to this many per cent: with Lua's 200 it would
// walk through the small state of a server more often; Redis' test of leaks allows 100 KiB.
constexpr int kPauseWhenSmall = 250;
constexpr int kPauseWhenLarge = 200;
constexpr size_t kLargeBytes = 16 << 20;
// After a script that left a large state behind: how much is collected before the next one, in KiB.
constexpr int kCollectAfterLarge = 8 << 10;

void PushWords(lua_State* state, Args words) {
  lua_createtable(state, static_cast<int>(words.size()), 0);
  int place = 0;
  for (std::string_view word : words) {
    lua_pushlstring(state, word.data(), word.size());
    lua_rawseti(state, -2, ++place);
  }
}

struct Compilation {
  std::string_view code;
  int function = 0;
  std::string error;
};

struct Loading {
  std::string_view code;
  std::string error;
};

// How the sandbox names a text in error messages.
constexpr char kScriptChunk[] = "@user_script";
constexpr char kLibraryChunk[] = "@user_function";

}  // namespace

Interpreter::Interpreter(Kind kind) : kind_(kind) {
  state_ = lua_newstate(Allocate, this);
  CHECK(state_ != nullptr);
  CHECK(lua_cpcall(state_, SetUp, nullptr) == 0);
  lua_gc(state_, LUA_GCSETPAUSE, kPauseWhenSmall);
  lua_gc(state_, LUA_GCCOLLECT, 0);
  published_bytes_.store(bytes_, std::memory_order_relaxed);
}

Interpreter::~Interpreter() { lua_close(state_); }

Interpreter& Interpreter::Of(lua_State* state) {
  void* self;
  lua_getallocf(state, &self);
  return *static_cast<Interpreter*>(self);
}

void* Interpreter::Allocate(void* self, void* block, size_t old_size, size_t new_size) {
  auto& interpreter = *static_cast<Interpreter*>(self);
  if (new_size == 0) {
    interpreter.bytes_ -= old_size;
    FreeSized(block, old_size);
    return nullptr;
  }
  if (new_size > old_size) {
    if (new_size - old_size > kMostBytes - interpreter.bytes_) return nullptr;
    if (interpreter.bytes_ > kLargeBytes && !interpreter.frugal_) [[unlikely]] {
      interpreter.frugal_ = true;
      lua_gc(interpreter.state_, LUA_GCSETPAUSE, kPauseWhenLarge);  // only stores the number
    }
  }
  void* moved = std::realloc(block, new_size);
  if (moved != nullptr) interpreter.bytes_ += new_size - old_size;
  return moved;
}

int Interpreter::SetUp(lua_State* state) {
  Interpreter& self = Of(state);
  const bool scripts = self.kind_ == Kind::kScripts;
  CheckStringLayout(state);
  RegisterNames(state);
  OpenSafeLua(state);
  OpenLibraries(state);
  OpenRedisApi(state);
  if (scripts) AddScriptsApi(state);
  SealGlobals(state);
  if (scripts) {
    lua_pushcclosure(state, RunScript, 1);  // its upvalue: the real globals
  } else {
    self.globals_ = luaL_ref(state, LUA_REGISTRYINDEX);
    OpenLibraryApi(state);
    self.library_globals_ = luaL_ref(state, LUA_REGISTRYINDEX);
    lua_pushcfunction(state, RunFunction);
  }
  self.runner_ = luaL_ref(state, LUA_REGISTRYINDEX);
  lua_pushcfunction(state, AddErrorPlace);
  self.on_error_ = luaL_ref(state, LUA_REGISTRYINDEX);
  return 0;
}

int Interpreter::CompileProtected(lua_State* state) {
  auto& job = *static_cast<Compilation*>(lua_touserdata(state, 1));
  if (LoadText(state, job.code, kScriptChunk) == 0) {
    job.function = luaL_ref(state, LUA_REGISTRYINDEX);
  } else {
    job.error = lua_tostring(state, -1);
  }
  return 0;
}

int Interpreter::Compile(std::string_view code, std::string* error) {
  Compilation job{.code = code};
  if (lua_cpcall(state_, CompileProtected, &job) != 0) {
    job.error = "not enough memory";
    lua_settop(state_, 0);
  }
  published_bytes_.store(bytes_, std::memory_order_relaxed);
  *error = job.error;
  return job.function;
}

int Interpreter::LoadProtected(lua_State* state) {
  auto& loading = *static_cast<Loading*>(lua_touserdata(state, 1));
  if (LoadText(state, loading.code, kLibraryChunk) != 0) {
    loading.error = StrCat("ERR Error compiling function: ", lua_tostring(state, -1));
    return 0;
  }
  lua_rawgeti(state, LUA_REGISTRYINDEX, Of(state).library_globals_);
  ShowGlobals(state);
  const int status = lua_pcall(state, 0, 0, 0);
  lua_rawgeti(state, LUA_REGISTRYINDEX, Of(state).globals_);
  ShowGlobals(state);
  if (status != 0) loading.error = "ERR Error registering functions: " + ErrorText(state);
  return 0;
}

std::string Interpreter::LoadLibrary(std::string_view code, LibraryLoad& load) {
  CHECK(kind_ == Kind::kFunctions);
  Loading loading{.code = code, .error = {}};
  load_ = &load;
  BeginRunning(&load);
  if (lua_cpcall(state_, LoadProtected, &loading) != 0) loading.error = "ERR not enough memory";
  load_ = nullptr;
  EndRunning();
  return std::move(loading.error);
}

void Interpreter::Release(int function) { luaL_unref(state_, LUA_REGISTRYINDEX, function); }

void Interpreter::BeginRunning(Interrupt* interrupt) {
  interrupt_ = interrupt;
  lua_sethook(state_, OnCount, LUA_MASKCOUNT, kInstructionsBetweenChecks);
}

void Interpreter::EndRunning() {
  lua_settop(state_, 0);
  interrupt_ = nullptr;
  CollectGarbage();
}

void Interpreter::Run(const Job& job) {
  job_ = &job;
  BeginRunning(&job.server);
  const OutputBuffer::Mark begin = job.reply.Begin();
  lua_rawgeti(state_, LUA_REGISTRYINDEX, on_error_);
  lua_rawgeti(state_, LUA_REGISTRYINDEX, runner_);
  const int status = lua_pcall(state_, 0, 0, 1);
  if (status != 0) {
    job.reply.out().TruncateTo(begin);
    ReplyFailure(job, status);
  }
  job_ = nullptr;
  EndRunning();
}

int Interpreter::RunScript(lua_State* state) {
  const Job& job = *Of(state).job_;
  const int globals = lua_upvalueindex(1);
  PushName(state, Name::kKeys);
  PushWords(state, job.keys);
  lua_rawset(state, globals);
  PushName(state, Name::kArgv);
  PushWords(state, job.arguments);
  lua_rawset(state, globals);
  lua_rawgeti(state, LUA_REGISTRYINDEX, job.function);
  lua_call(state, 0, 1);
  WriteReply(state, job.server, job.most_reply_bytes, job.reply);
  return 0;
}

int Interpreter::RunFunction(lua_State* state) {
  const Job& job = *Of(state).job_;
  lua_rawgeti(state, LUA_REGISTRYINDEX, job.function);
  PushWords(state, job.keys);
  PushWords(state, job.arguments);
  lua_call(state, 2, 1);
  WriteReply(state, job.server, job.most_reply_bytes, job.reply);
  return 0;
}

void Interpreter::ReplyFailure(const Job& job, int status) {
  if (status == LUA_ERRRUN && lua_istable(state_, -1)) {
    return ReplyErrorTable(state_, job.name, job.server, job.reply);
  }
  const char* text = lua_isstring(state_, -1) ? lua_tostring(state_, -1) : "execution failure";
  job.reply.Error(StrCat("ERR Error running script ", job.name, ", ", text));
}

void Interpreter::OnCount(lua_State* state, lua_Debug*) { CheckInterrupt(state); }

void Interpreter::CheckInterrupt(lua_State* state) {
  Interpreter& self = Of(state);
  if (self.interrupt_ == nullptr) return;
  const std::string_view reason = self.interrupt_->ReasonToStop();
  if (reason.empty()) return;
  // From now on before every instruction, so that no pcall of the script keeps it alive.
  lua_sethook(state, OnCount, LUA_MASKCOUNT, 1);
  if (state != self.state_) lua_sethook(self.state_, OnCount, LUA_MASKCOUNT, 1);
  RaiseErrorTable(state, reason);
}

void Interpreter::CollectGarbage() {
  if (frugal_) [[unlikely]] {
    lua_gc(state_, LUA_GCSTEP, kCollectAfterLarge);
    if (bytes_ < kLargeBytes / 2) {
      frugal_ = false;
      lua_gc(state_, LUA_GCSETPAUSE, kPauseWhenSmall);
    }
  }
  published_bytes_.store(bytes_, std::memory_order_relaxed);
}

}  // namespace larder
