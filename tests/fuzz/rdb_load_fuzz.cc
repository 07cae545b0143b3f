// Files of snapshots of any bytes behind the first nine: no crash, no read outside, no memory on
// the word of the input; what is refused has a reason.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/base/check.h"
#include "server/base/log.h"
#include "server/config/config.h"
#include "server/persistence/rdb_load.h"
#include "tests/fuzz/one_core.h"

namespace larder {
namespace {

class FuzzSource : public RdbSource {
 public:
  explicit FuzzSource(std::string text) : text_(std::move(text)) {}
  size_t Read(char* to, size_t most) override {
    const size_t size = text_.copy(to, std::min<size_t>(most, 7), at_);
    at_ += size;
    return size;
  }

 private:
  const std::string text_;
  size_t at_ = 0;
};

}  // namespace
}  // namespace larder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const larder::Config config;
  static larder::Keyspace keyspace(2);  // making its thousand shards costs more than most inputs
  larder::SetLogLevel(larder::LogLevel::kNothing);
  larder::FuzzSource source("REDIS0011" + std::string(reinterpret_cast<const char*>(data), size));
  larder::RdbLoad load(source, keyspace,
                       {.check_checksum = false,
                        .load_library = [](std::string_view, bool) { return std::string(); }},
                       larder::ValueLimits(config.settings()));
  CHECK(load.Run() == load.error().empty());
  if (load.keys_loaded() == 0) return 0;
  for (int db = 0; db < keyspace.databases(); ++db) keyspace.Flush(db, /*lazy=*/false);
  return 0;
}
