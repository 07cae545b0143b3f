#include "server/persistence/aof_filter.h"

#include <algorithm>
#include <utility>

#include "protocol/limits.h"
#include "protocol/request_writer.h"
#include "server/base/numbers.h"
#include "server/base/strings.h"

namespace larder {
namespace {

// What is in the log was a request here before.
constexpr RequestParser::Limits kLimits = {.bulk_bytes = limits::kStreamBulkBytes};

constexpr std::string_view kLinkTalk[] = {"ping", "replconf", "publish", "spublish"};
// They mean the same whatever database is selected.
constexpr std::string_view kEverywhere[] = {"flushall", "swapdb", "function", "script"};

template <size_t N>
bool IsOneOf(std::string_view word, const std::string_view (&names)[N]) {
  return std::any_of(names, names + N, [word](auto name) { return EqualsIgnoreCase(word, name); });
}

int64_t Number(std::string_view word) {
  int64_t number;
  return ParseInt64(word, &number) ? number : -1;
}

}  // namespace

void AofFilter::Apply(Pieces& pieces) {
  texts_.clear();
  Pieces out;
  for (const ReplicationLog::Piece& piece : pieces) Take(piece, out);
  pieces.swap(out);
}

bool AofFilter::TakeCrossed() { return std::exchange(crossed_, false); }

void AofFilter::Take(const ReplicationLog::Piece& piece, Pieces& out) {
  std::string_view rest = piece.bytes.substr(begun_.empty() ? 0 : Complete(piece, out));
  while (!rest.empty()) {
    size_t size = 0;
    const RequestParser::Result result = parser_.Next(rest, kLimits, words_, &size);
    if (result == RequestParser::Result::kNeedMore) {
      begun_ = rest;
      return;
    }
    if (result == RequestParser::Result::kError) return GiveUp();
    if (result == RequestParser::Result::kRequest) {
      Handle({piece.chunk, rest.substr(0, size)}, out);
    }
    rest.remove_prefix(size);
  }
}

// Adds the rest of the request that an earlier piece began. Returns how many bytes that were.
size_t AofFilter::Complete(const ReplicationLog::Piece& piece, Pieces& out) {
  size_t taken = 0;
  RequestParser::Result result = RequestParser::Result::kNeedMore;
  size_t size = 0;
  while (result == RequestParser::Result::kNeedMore && taken < piece.bytes.size()) {
    const size_t wanted = std::max(parser_.wanted(), begun_.size() + 1) - begun_.size();
    const std::string_view more = piece.bytes.substr(taken, wanted);
    begun_ += more;
    taken += more.size();
    result = parser_.Next(begun_, kLimits, words_, &size);
  }
  if (result == RequestParser::Result::kNeedMore) return taken;
  if (result == RequestParser::Result::kError) return GiveUp(), piece.bytes.size();
  taken -= begun_.size() - size;  // the parser may have wanted more than the request has
  begun_.resize(size);
  texts_.push_back(std::exchange(begun_, {}));
  parser_.Next(texts_.back(), kLimits, words_, &size);  // the words have moved
  if (result == RequestParser::Result::kRequest) Handle({nullptr, texts_.back()}, out);
  return taken;
}

// Bytes that were a request before, and are none: the data are whole, the file is not.
void AofFilter::GiveUp() {
  begun_.clear();
  crossed_ = true;
}

void AofFilter::Handle(const ReplicationLog::Piece& request, Pieces& out) {
  if (Follow(out)) return;
  const Fate fate = FateOf();
  if (fate == Fate::kDrop) return;
  if (multi_ && !multi_written_) {
    Text(EncodeRequest({"MULTI"}), out);
    multi_written_ = true;
  }
  if (fate != Fate::kKeepAnywhere && written_db_ != db_ && db_ != LogBlock::kAnyDb) {
    Text(LogBlock::Select(db_), out);
    written_db_ = db_;
  }
  if (fate == Fate::kDelete) {
    Text(EncodeRequest({"DEL", words_[1]}), out);
  } else {
    Keep(request, out);
  }
}

// The words that only say where the others belong. A transaction of which nothing is left is none.
bool AofFilter::Follow(Pieces& out) {
  if (words_.size() == 2 && EqualsIgnoreCase(words_[0], "select")) {
    db_ = static_cast<int>(Number(words_[1]));
  } else if (EqualsIgnoreCase(words_[0], "multi")) {
    multi_ = true;
    multi_written_ = false;
  } else if (EqualsIgnoreCase(words_[0], "exec")) {
    if (multi_written_) Text(EncodeRequest({"EXEC"}), out);
    multi_ = multi_written_ = false;
  } else {
    return false;
  }
  return true;
}

AofFilter::Fate AofFilter::FateOf() {
  const std::string_view name = words_[0];
  if (IsOneOf(name, kLinkTalk)) return Fate::kDrop;
  if (EqualsIgnoreCase(name, "swapdb") && words_.size() == 3) {
    crossed_ |= left_out_.Has(Number(words_[1])) != left_out_.Has(Number(words_[2]));
  }
  if (IsOneOf(name, kEverywhere)) return Fate::kKeepAnywhere;
  if (EqualsIgnoreCase(name, "move") && words_.size() == 3) {
    return FateOfMove(Number(words_[2]), Fate::kDelete);
  }
  if (EqualsIgnoreCase(name, "copy") && words_.size() >= 3) {
    return FateOfMove(CopyTarget(), Fate::kDrop);
  }
  return left_out_.Has(db_) ? Fate::kDrop : Fate::kKeep;
}

AofFilter::Fate AofFilter::FateOfMove(int64_t target_db, Fate where_it_leaves) {
  const bool from_out = left_out_.Has(db_), to_out = left_out_.Has(target_db);
  crossed_ |= from_out && !to_out;
  if (from_out) return Fate::kDrop;
  return to_out ? where_it_leaves : Fate::kKeep;
}

int64_t AofFilter::CopyTarget() const {
  for (size_t i = 3; i + 1 < words_.size(); ++i) {
    if (EqualsIgnoreCase(words_[i], "db")) return Number(words_[i + 1]);
  }
  return db_;
}

// Bytes that follow each other stay one piece.
void AofFilter::Keep(const ReplicationLog::Piece& request, Pieces& out) {
  if (!request.bytes.starts_with('*')) {  // an inline command, which no file holds
    std::string text;
    AppendRequest(text, words_);
    return Text(std::move(text), out);
  }
  const bool joins = !out.empty() && request.chunk != nullptr &&
                     out.back().chunk == request.chunk &&
                     out.back().bytes.data() + out.back().bytes.size() == request.bytes.data();
  if (!joins) return out.push_back(request);
  std::string_view& last = out.back().bytes;
  last = {last.data(), last.size() + request.bytes.size()};
}

void AofFilter::Text(std::string text, Pieces& out) {
  texts_.push_back(std::move(text));
  out.push_back({nullptr, texts_.back()});
}

}  // namespace larder
