// The checksum of RDB files and DUMP payloads: CRC-64/REDIS
// (https://reveng.sourceforge.io/crc-catalogue/17plus.htm#crc.cat.crc-64-redis): polynomial
// 0xad93d23594c935a9, reflected, starting at 0, nothing added at the end.
//
// Pure; any thread. By carry-less multiplication where the processor has it (x86 since 2010), else
// eight bytes a step from tables.
#pragma once

#include <cstdint>
#include <string_view>

namespace larder {

// The checksum of what `crc` covers (0: nothing) followed by these bytes.
uint64_t Crc64(uint64_t crc, std::string_view bytes);

}  // namespace larder
