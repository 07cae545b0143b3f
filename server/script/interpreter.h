// Interpreter: one Lua 5.1 state with everything a script may use and nothing else: its sandbox,
// the libraries, the redis table. There are two kinds: one compiles scripts, the other runs the
// sources of libraries, which register functions; both then run them.
//
// One thread at a time: whoever holds the closed gate. memory_bytes() is for any thread.
//
// Invariants: between two runs the stack is empty and no global has changed but KEYS and ARGV. A
// run never uses more than kMostBytes; what it allocates is counted, and beyond the limit it ends
// with an error. Lua is built as C++, so its errors are exceptions and destructors run.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/reply.h"
#include "server/engine/args.h"
#include "server/script/lua_to_reply.h"
#include "server/script/random48.h"
#include "server/script/server_api.h"

struct lua_State;
struct lua_Debug;

namespace larder {

class LibraryLoad;

class Interpreter {
 public:
  // Twice the largest value a client can send (proto-max-bulk-len), so that a script can handle
  // one.
  static constexpr size_t kMostBytes = size_t{1} << 30;

  // Scripts find their words in the globals KEYS and ARGV; functions get them as arguments.
  enum class Kind : uint8_t { kScripts, kFunctions };
  explicit Interpreter(Kind kind);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  // Compiles a script's text (never bytecode). Returns a number for Run and Release, or 0 with
  // *error.
  int Compile(std::string_view code, std::string* error);
  // Runs the source of a library, which adds functions, with numbers for Run and Release, to
  // `load`. Returns Redis' error, or nothing. REQUIRES: kFunctions.
  std::string LoadLibrary(std::string_view code, LibraryLoad& load);
  void Release(int function);

  struct Job {
    int function;
    std::string_view name;  // of the script or function, for error texts
    Args keys;
    Args arguments;
    ServerApi& server;
    Reply& reply;  // gets exactly one reply: the script's result or its error
    size_t most_reply_bytes = kMostReplyBytes;
    Random48* random = nullptr;  // of math.random; null: the interpreter's own
  };
  void Run(const Job& job);

  // As of the end of the last run.
  size_t memory_bytes() const { return published_bytes_.load(std::memory_order_relaxed); }

  // ---- For the functions that scripts call ------------------------------------------------------
  static Interpreter& Of(lua_State* state);
  // Null outside Run.
  ServerApi* server() const { return job_ == nullptr ? nullptr : &job_->server; }
  // Null outside LoadLibrary.
  LibraryLoad* load() const { return load_; }
  // Raises an error when what runs must stop. Asked by the interpreter as long as it runs
  // instructions; what works long without it asks itself.
  static void CheckInterrupt(lua_State* state);
  std::vector<std::string_view>& words() { return words_; }
  Random48& random() {
    return job_ == nullptr || job_->random == nullptr ? random_ : *job_->random;
  }

 private:
  static void* Allocate(void* self, void* block, size_t old_size, size_t new_size);
  static int SetUp(lua_State* state);
  static int CompileProtected(lua_State* state);
  static int LoadProtected(lua_State* state);
  static int RunScript(lua_State* state);
  static int RunFunction(lua_State* state);
  static void OnCount(lua_State* state, lua_Debug* activation);
  void BeginRunning(Interrupt* interrupt);
  void EndRunning();
  void ReplyFailure(const Job& job, int status);
  void CollectGarbage();

  const Kind kind_;
  lua_State* state_ = nullptr;
  size_t bytes_ = 0;
  bool frugal_ = false;      // much is allocated: collect more often
  int runner_ = 0;           // the function that runs a job
  int on_error_ = 0;         // the handler that finds out where an error came from
  int globals_ = 0;          // kFunctions: what functions see,
  int library_globals_ = 0;  // and what the sources of libraries see
  Interrupt* interrupt_ = nullptr;
  const Job* job_ = nullptr;
  LibraryLoad* load_ = nullptr;
  std::vector<std::string_view> words_;  // scratch: of one redis.call
  Random48 random_;
  std::atomic<size_t> published_bytes_{0};
};

}  // namespace larder
