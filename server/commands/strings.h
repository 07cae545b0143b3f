// What the string commands share: reading a string value, its encoding, the options of SET and
// GETEX. Called by handlers, with the locks of their keys held.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/engine/context.h"

namespace larder {

void SetString(Context& c, const Key& key, std::string_view value,
               int64_t expiry_ms = Entry::kNoExpiry);

// The string at the key, or null where there is none. False after WRONGTYPE was answered.
bool ReadString(Context& c, const Key& key, Entry** entry);
bool WriteString(Context& c, const Key& key, Entry** entry);

// Answers the string, a large one by reference.
void ReplyString(Context& c, const Entry& entry);
// Answers some of its bytes. REQUIRES: offset + size <= its size.
void ReplyStringPart(Context& c, const StringBlocks& string, size_t offset, size_t size);

// False, with the error answered, for a string of `size` bytes over proto-max-bulk-len.
bool CheckStringSize(Context& c, uint64_t size);

struct StringOptions {
  enum class Expiry : uint8_t { kNone, kEx, kPx, kExAt, kPxAt, kKeep, kPersist };
  bool if_absent = false;   // NX
  bool if_present = false;  // XX
  bool get = false;
  Expiry expiry = Expiry::kNone;
  size_t expiry_word = 0;  // of EX, PX, EXAT and PXAT: the index of their argument

  bool has_time() const { return expiry_word != 0; }
};

// Parses the words from `first` on; what SET knows and GETEX does not is told by `of_set`. False
// after a syntax error was answered.
bool ParseStringOptions(Context& c, size_t first, bool of_set, StringOptions* options);

// The Unix time in milliseconds that word `i` means. False after an error was answered.
bool ParseExpiry(Context& c, size_t i, StringOptions::Expiry unit, int64_t* expiry_ms);

}  // namespace larder
