// The payload of DUMP and RESTORE: a type, a value, the RDB version (16 bits) and a checksum over
// all of it (64 bits).
#pragma once

#include <string>
#include <string_view>

#include "server/persistence/rdb_value.h"

namespace larder {

std::string MakeDumpPayload(const Entry& entry, const ValueLimits& limits);

// False where the version is a later one than larder reads, or the checksum is another than that of
// the bytes; `any_checksum`: any will do.
bool VerifyDumpPayload(std::string_view payload, bool any_checksum);

// Makes an entry of a verified payload. Null where it stands for no value, with the reason.
Entry* EntryFromDump(std::string_view payload, std::string_view key, int64_t expiry_ms,
                     const ValueLimits& limits, std::string* error);

}  // namespace larder
