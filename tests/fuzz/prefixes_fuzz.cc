// Prefixes of CLIENT TRACKING BCAST and keys of any bytes: every key is told to each prefix that it
// begins with and to no other, and prefixes that do not overlap never get the same key. Input:
// lines; the first bit of each says whether it is a prefix or a key.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/check.h"
#include "server/pubsub/prefixes.h"

namespace {

struct Lines {
  std::vector<std::string> prefixes;
  std::vector<std::string_view> keys;
};

Lines Split(std::string_view input) {
  Lines lines;
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), line.size() + 1));
    if (line.empty()) continue;
    if (line[0] & 1) {
      lines.prefixes.emplace_back(line.substr(1));
    } else {
      lines.keys.push_back(line.substr(1));
    }
  }
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Lines lines = Split({reinterpret_cast<const char*>(data), size});
  auto* home = reinterpret_cast<larder::Mailbox*>(uintptr_t{1});
  larder::Prefixes prefixes;
  std::vector<std::string_view> views(lines.prefixes.begin(), lines.prefixes.end());
  // Client i has asked for prefix i alone.
  for (size_t i = 0; i < views.size(); ++i) prefixes.Add(views[i], {home, i});
  std::vector<std::vector<size_t>> told(views.size());
  prefixes.Tell(lines.keys, [&](const std::vector<size_t>& keys, larder::Mailbox*,
                                std::vector<uint64_t> clients) {
    for (uint64_t client : clients) {
      CHECK(told[client].empty());
      told[client] = keys;
    }
  });
  std::vector<size_t> times(lines.keys.size());
  for (size_t i = 0; i < views.size(); ++i) {
    std::vector<size_t> expected;
    for (size_t key = 0; key < lines.keys.size(); ++key) {
      if (lines.keys[key].starts_with(views[i])) expected.push_back(key);
    }
    CHECK(told[i] == expected);
    for (size_t key : told[i]) ++times[key];
  }
  if (!larder::Prefixes::FindOverlap({}, views)) {
    for (size_t count : times) CHECK(count <= 1);
  }
  for (size_t i = 0; i < views.size(); ++i) prefixes.Remove(views[i], {home, i});
  CHECK(prefixes.size() == 0);
  return 0;
}
