#include "server/persistence/dump_payload.h"

#include "protocol/byte_reader.h"
#include "protocol/crc64.h"
#include "server/base/strings.h"

namespace larder {
namespace {

constexpr size_t kChecksumBytes = 8, kFooterBytes = 2 + kChecksumBytes;

}  // namespace

std::string MakeDumpPayload(const Entry& entry, const ValueLimits& limits) {
  StringSink sink;
  RdbWriter writer(sink, {});
  const rdb::Type type = TypeOf(entry, limits);
  writer.Byte(type);
  WriteValue(writer, type, entry);
  writer.Little(rdb::kVersionWritten, 2);
  writer.Checksum();
  writer.Flush();
  return std::move(sink.text);
}

bool VerifyDumpPayload(std::string_view payload, bool any_checksum) {
  if (payload.size() < kFooterBytes) return false;
  ByteReader footer(payload.substr(payload.size() - kFooterBytes));
  uint16_t version;
  uint64_t checksum;
  if (!footer.Little(&version) || !footer.Little(&checksum)) return false;
  if (version > rdb::kVersionRead) return false;
  if (any_checksum) return true;
  return checksum == Crc64(0, payload.substr(0, payload.size() - kChecksumBytes));
}

Entry* EntryFromDump(std::string_view payload, std::string_view key, int64_t expiry_ms,
                     const ValueLimits& limits, std::string* error) {
  RdbReader reader(payload.substr(0, payload.size() - kFooterBytes));
  uint8_t type;
  Entry* entry = nullptr;
  if (reader.Byte(&type)) ReadValue(reader, type, key, expiry_ms, limits, &entry);
  if (entry == nullptr) {
    *error = StrCat("Internal error in RDB reading offset ", reader.position(), " -> ",
                    reader.ok() ? "an empty collection" : reader.error());
  }
  return entry;
}

}  // namespace larder
