// ScriptCache: the scripts that were sent, by SHA1 and by text, so that neither EVALSHA nor the
// same EVAL again hashes or compiles anything.
//
// Whoever changes it holds the closed gate; whoever looks up for EVAL does too. Flags() and
// the counters may be called by any thread, hence the mutex around changes.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "server/base/hash.h"
#include "server/base/mutex.h"
#include "server/script/sha1.h"

namespace larder {

struct Script {
  Sha1 sha;
  std::string name;  // its SHA1 in hexadecimal, as errors and logs call it
  std::string body;
  uint32_t flags = 0;   // ScriptFlag bits
  int function = 0;     // what the interpreter knows it by
  bool loaded = false;  // by SCRIPT LOAD: is never dropped by itself
};

class ScriptCache {
 public:
  // Scripts that came by EVAL. A client that writes its values into the text of its scripts sends a
  // new one each time: the oldest go then, and who wants one of them by EVALSHA is told NOSCRIPT.
  static constexpr size_t kMostEvalScripts = 5000;

  Script* FindBySha(const Sha1& sha) const;
  Script* FindByBody(std::string_view body) const;
  // Puts a script in that is not there yet. Returns the one that had to go for it, if any.
  std::unique_ptr<Script> Add(std::unique_ptr<Script> script);
  void Clear();

  // Of the script with this SHA1; nothing where there is none.
  std::optional<uint32_t> Flags(const Sha1& sha) const;
  size_t size() const;
  // Of the texts and the tables; the compiled functions are in the interpreter's memory.
  size_t memory_bytes() const;

 private:
  // Their keys are random already, or untrusted: then the seeded hash.
  struct ShaHash {
    size_t operator()(const Sha1& sha) const {
      return HashBytes({reinterpret_cast<const char*>(sha.data()), sha.size()});
    }
  };
  struct TextHash {
    size_t operator()(std::string_view text) const { return HashBytes(text); }
  };

  std::unique_ptr<Script> DropOldest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  absl::flat_hash_map<Sha1, std::unique_ptr<Script>, ShaHash> by_sha_;
  absl::flat_hash_map<std::string_view, Script*, TextHash> by_body_;
  std::deque<Sha1>
      evals_;  // in the order they came; may name scripts that were SCRIPT LOADed since
  size_t body_bytes_ = 0;
};

}  // namespace larder
