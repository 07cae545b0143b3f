#include "protocol/request_writer.h"

#include "protocol/resp_line.h"

namespace larder {
namespace {

// The most that Format writes.
size_t Room(std::span<const std::string_view> words) {
  size_t room = kMaxRespLine;
  for (std::string_view word : words) room += RespBulkRoom(word.size());
  return room;
}

size_t Format(char* begin, std::span<const std::string_view> words) {
  char* end = begin + FormatRespLine(begin, '*', static_cast<int64_t>(words.size()));
  for (std::string_view word : words) end += FormatRespBulk(end, word);
  return static_cast<size_t>(end - begin);
}

}  // namespace

void AppendRequest(std::string& out, std::span<const std::string_view> words) {
  const size_t before = out.size();
  out.resize(before + Room(words));
  out.resize(before + Format(out.data() + before, words));
}

void AppendRequest(ByteBuffer& out, std::span<const std::string_view> words) {
  out.Grow(Format(out.Space(Room(words)), words));
}

std::string EncodeRequest(std::initializer_list<std::string_view> words) {
  std::string out;
  AppendRequest(out, {words.begin(), words.size()});
  return out;
}

}  // namespace larder
