// ServerApi: what a running script may ask of the server. The interpreter calls it from redis.*, on
// the thread that runs the script, with the gate closed. Tests and the fuzzer bring their own.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/engine/args.h"
#include "server/script/interrupt.h"

namespace larder {

class ServerApi : public Interrupt {
 public:
  struct CallResult {
    std::string_view reply;    // encoded; valid until the next call
    std::string_view refusal;  // not empty: the command was not run, for this reason ("ERR ...")
    // Hashes of keys that the script is likely to make in a moment, the second one sooner; 0: none.
    uint64_t later_key = 0;
    uint64_t soon_key = 0;
  };
  virtual CallResult Call(Args args) = 0;

  // Whether the words name a command that the caller may run; nothing is run.
  enum class Permission { kAllowed, kDenied, kUnknown };
  virtual Permission Check(Args args) = 0;

  // The protocol in which Call replies: 2 or 3.
  virtual int resp() const = 0;
  virtual void set_resp(int resp) = 0;

  // Whether what Call changes is replicated; yes at first.
  virtual void set_replicates(bool replicates) = 0;

  // The script answers an error of its own; those of commands were counted where they happened.
  virtual void CountError(std::string_view code) = 0;
};

}  // namespace larder
