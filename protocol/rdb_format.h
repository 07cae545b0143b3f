// The numbers of the RDB format (https://rdb.fnordig.de/file_format.html), which DUMP payloads and
// snapshots for replicas use as well.
//
//   "REDIS" and four digits of version
//   250 name value ...                          facts about the file
//   245 source ...                              function libraries
//   254 database, 251 keys keys-with-expiry, then keys:
//     [252 expiry] [248 idle | 249 frequency] type key value
//   255 and the CRC-64 of everything before
#pragma once

#include <cstdint>
#include <string_view>

namespace larder::rdb {

// What is written: every Redis since 7.0 reads it. Read is up to what Redis 7.2 and Valkey 8 write.
inline constexpr int kVersionWritten = 10;
inline constexpr int kVersionRead = 11;
inline constexpr std::string_view kMagic = "REDIS";

enum Opcode : uint8_t {
  kSlotInfo = 244,
  kFunction = 245,
  kFunctionPreview = 246,  // of release candidates only
  kModuleAux = 247,
  kIdle = 248,
  kFrequency = 249,
  kAux = 250,
  kResizeDb = 251,
  kExpiryMs = 252,
  kExpirySeconds = 253,
  kSelectDb = 254,
  kEnd = 255,
};

enum Type : uint8_t {
  kString = 0,
  kList = 1,
  kSet = 2,
  kZSetText = 3,  // scores as text
  kHash = 4,
  kZSet = 5,
  kModulePreview = 6,
  kModule = 7,
  kHashZipmap = 9,
  kListZiplist = 10,
  kSetIntset = 11,
  kZSetZiplist = 12,
  kHashZiplist = 13,
  kListQuicklist = 14,  // of ziplists
  kStream = 15,
  kHashListpack = 16,
  kZSetListpack = 17,
  kListQuicklist2 = 18,  // of listpacks and single elements
  kStream2 = 19,
  kSetListpack = 20,
  kStream3 = 21,
};

// Nodes of kListQuicklist2.
inline constexpr uint64_t kNodePlain = 1, kNodePacked = 2;

// Lengths and the strings that are not spelled out, by the two top bits of the first byte.
inline constexpr uint8_t kLength6 = 0x00, kLength14 = 0x40, kLength32 = 0x80, kLength64 = 0x81;
inline constexpr uint8_t kEncoded = 0xc0;
enum StringEncoding : uint8_t { kInt8 = 0, kInt16 = 1, kInt32 = 2, kLzf = 3 };

// Lengths before the text of a kZSetText score.
inline constexpr uint8_t kScoreNan = 253, kScoreInfinity = 254, kScoreMinusInfinity = 255;

// Opcodes inside a module's value.
enum ModuleOpcode : uint8_t {
  kModuleEnd = 0,
  kModuleSigned = 1,
  kModuleUnsigned = 2,
  kModuleFloat = 3,
  kModuleDouble = 4,
  kModuleString = 5,
};

}  // namespace larder::rdb
