#include "replication/sync_reply.h"

#include <algorithm>

#include "replication/history.h"
#include "server/base/numbers.h"

namespace larder {
namespace {

constexpr uint64_t kMostOffset = INT64_MAX;  // Redis' offsets have a sign

}  // namespace

SyncReply SyncReply::Parse(std::string_view line) {
  SyncReply reply;
  const size_t space = line.find(' ');
  const std::string_view rest =
      space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
  const size_t second = rest.find(' ');
  if (line.starts_with("+FULLRESYNC ")) {
    const bool sound = second == History::kIdLetters &&
                       ParseUint64(rest.substr(second + 1), &reply.offset) &&
                       reply.offset <= kMostOffset;
    reply.kind = sound ? Kind::kFull : Kind::kWrong;
    if (sound) reply.id = rest.substr(0, second);
  } else if (line.starts_with("+CONTINUE")) {
    reply.kind = Kind::kContinue;
    if (rest.size() == History::kIdLetters) reply.id = rest;
  } else if (line.starts_with("-NOMASTERLINK") || line.starts_with("-LOADING")) {
    reply.kind = Kind::kLater;
  }
  return reply;
}

}  // namespace larder
