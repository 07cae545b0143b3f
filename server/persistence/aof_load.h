// AofLoad: replays one file of the append-only file: an RDB file in front or not, then the commands
// that changed the data set, one after the other, through the engine. Commands of a transaction run
// when all of it is there. Keys whose time is over stay until everything is loaded, since what
// follows was done while they lived.
//
// The file is not trusted: whatever it holds, loading ends with all of it loaded, or with a reason
// that names the file; commands that no append-only file has are passed over. One thread, which has
// closed the gate.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/rdb_reader.h"
#include "protocol/request_parser.h"
#include "server/engine/args.h"
#include "server/engine/client.h"
#include "server/engine/worker.h"

namespace larder {

class Engine;

class AofLoad {
 public:
  struct Options {
    // Loads an RDB file; *size is where it ended.
    std::function<bool(RdbSource& source, uint64_t* size, std::string* error)> load_rdb;
    bool cut_truncated = true;                  // aof-load-truncated
    const std::atomic<bool>* stop = nullptr;    // set: loading ends with an error
    int64_t command_delay_us = 0;               // key-load-delay, for RestAfterKey
    std::atomic<uint64_t>* progress = nullptr;  // bytes of all files, as they are loaded
  };
  enum class Result : uint8_t {
    kWhole,
    kTruncated,  // it ended in the middle of a command or transaction, and was cut off there
    kFailed,     // see error()
  };

  AofLoad(Engine& engine, Worker& worker, Options options);
  ~AofLoad();

  Result Load(const std::string& path);
  const std::string& error() const { return error_; }
  uint64_t commands() const { return commands_; }

 private:
  bool LoadPreamble(const std::string& path, uint64_t* size);
  bool Next(Args words);
  bool Run(Args words);
  void Report(uint64_t position);
  Result Cut(const std::string& path, uint64_t size);
  Result Fail(std::string error);

  Engine& engine_;
  Worker& worker_;
  const Options options_;
  std::unique_ptr<Client> client_;
  std::vector<std::vector<std::string>> queue_;  // of the transaction that has begun
  bool queueing_ = false;
  std::string error_;
  uint64_t commands_ = 0, complaints_ = 0;
  uint64_t before_ = 0;  // bytes of earlier files
};

}  // namespace larder
