#include "server/script/library_dump.h"

#include "protocol/rdb_format.h"
#include "protocol/rdb_reader.h"
#include "protocol/rdb_writer.h"

namespace larder {
namespace {

constexpr size_t kFooterBytes = 2 + 8;  // version, checksum

}  // namespace

std::string MakeLibraryDump(std::span<const std::string> sources) {
  StringSink sink;
  RdbWriter writer(sink, {});
  for (const std::string& source : sources) {
    writer.Byte(rdb::kFunction);
    writer.String(source);
  }
  writer.Little(rdb::kVersionWritten, 2);
  writer.Checksum();
  writer.Flush();
  return std::move(sink.text);
}

std::string ReadLibraryDump(std::string_view payload, std::vector<std::string>* sources) {
  // As in Redis nothing stops a source from running into the footer: it fails to compile.
  RdbReader reader(payload);
  while (reader.position() + kFooterBytes < payload.size()) {
    uint8_t opcode;
    if (!reader.Byte(&opcode)) return "ERR can not read data type";
    if (opcode == rdb::kFunctionPreview) return "ERR Pre-GA function format not supported";
    if (opcode != rdb::kFunction) return "ERR given type is not a function";
    if (!reader.String(&sources->emplace_back())) return "ERR Failed loading library payload";
  }
  return {};
}

}  // namespace larder
