#include <limits>

#include "protocol/errors.h"
#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/commands/strings.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

using Expiry = StringOptions::Expiry;

Expiry ExpiryNamed(std::string_view word, bool of_set) {
  if (EqualsIgnoreCase(word, "ex")) return Expiry::kEx;
  if (EqualsIgnoreCase(word, "px")) return Expiry::kPx;
  if (EqualsIgnoreCase(word, "exat")) return Expiry::kExAt;
  if (EqualsIgnoreCase(word, "pxat")) return Expiry::kPxAt;
  if (of_set && EqualsIgnoreCase(word, "keepttl")) return Expiry::kKeep;
  if (!of_set && EqualsIgnoreCase(word, "persist")) return Expiry::kPersist;
  return Expiry::kNone;
}

bool TakesTime(Expiry expiry) {
  return expiry != Expiry::kNone && expiry != Expiry::kKeep && expiry != Expiry::kPersist;
}

bool IsWrong(Context& c, Entry* entry) {
  if (entry == nullptr || entry->type() == ValueType::kString) return false;
  c.WrongType();
  return true;
}

}  // namespace

void SetString(Context& c, const Key& key, std::string_view value, int64_t expiry_ms) {
  c.SetString(key, value, expiry_ms, EncodingOf(value));
}

bool ReadString(Context& c, const Key& key, Entry** entry) {
  *entry = c.ReadEntry(key);
  return !IsWrong(c, *entry);
}

bool WriteString(Context& c, const Key& key, Entry** entry) {
  *entry = c.WriteEntry(key);
  return !IsWrong(c, *entry);
}

void ReplyString(Context& c, const Entry& entry) {
  const StringBlocks string = entry.string();
  if (string.contiguous()) return c.reply.Bulk(string.view());
  ReplyStringPart(c, string, 0, string.size());
}

void ReplyStringPart(Context& c, const StringBlocks& string, size_t offset, size_t size) {
  c.reply.BeginBulk(size);
  string.ForEachPart(offset, size, [&c](const BulkView& part) { c.reply.BulkPart(part); });
  c.reply.EndBulk();
}

bool CheckStringSize(Context& c, uint64_t size) {
  if (size <= static_cast<uint64_t>(c.engine.config.settings().proto_max_bulk_bytes)) return true;
  c.reply.Error(errors::kStringTooLong);
  return false;
}

bool ParseStringOptions(Context& c, size_t first, bool of_set, StringOptions* options) {
  auto refuse = [&c] {
    c.SyntaxError();
    return false;
  };
  for (size_t i = first; i < c.args.size(); ++i) {
    std::string_view word = c.args[i];
    if (of_set && EqualsIgnoreCase(word, "nx") && !options->if_present) {
      options->if_absent = true;
    } else if (of_set && EqualsIgnoreCase(word, "xx") && !options->if_absent) {
      options->if_present = true;
    } else if (of_set && EqualsIgnoreCase(word, "get")) {
      options->get = true;
    } else {
      const Expiry expiry = ExpiryNamed(word, of_set);
      const bool contradicts = options->expiry != Expiry::kNone && options->expiry != expiry;
      if (expiry == Expiry::kNone || contradicts) return refuse();
      options->expiry = expiry;
      if (!TakesTime(expiry)) continue;
      if (++i == c.args.size()) return refuse();
      options->expiry_word = i;
    }
  }
  return true;
}

bool ParseExpiry(Context& c, size_t i, Expiry unit, int64_t* expiry_ms) {
  int64_t time;
  if (!c.Integer(i, &time)) return false;
  const bool seconds = unit == Expiry::kEx || unit == Expiry::kExAt;
  const bool relative = unit == Expiry::kEx || unit == Expiry::kPx;
  const int64_t scale = seconds ? 1000 : 1;
  const int64_t base = relative ? c.now_ms() : 0;
  if (time <= 0 || time > (std::numeric_limits<int64_t>::max() - base) / scale ||
      time * scale > std::numeric_limits<int64_t>::max() - base) {
    c.reply.Error(errors::InvalidExpire(c.command.name));
    return false;
  }
  *expiry_ms = base + time * scale;
  return true;
}

}  // namespace larder
