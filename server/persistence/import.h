// Import: a data set from elsewhere, taken over once, at the start:
//
//   import /backup/dump.rdb
//   import redis://[[user:]password@]host[:port][/database]
//
// From a server it is a full sync without a stream after it: the server sees a replica that goes
// away, and is not changed. With a database only that one is taken. Bytes of user and password may
// be written %41.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/rdb_reader.h"

namespace larder {

struct ImportAddress {
  std::string host, user, password;
  int port = 6379;
  int db = -1;  // all
};
// An address, of whatever scheme, and not the name of a file. It may hold a password.
bool IsImportAddress(std::string_view text);
// Nothing: that is no redis:// address.
std::optional<ImportAddress> ParseImportAddress(std::string_view text);

struct Import {
  std::unique_ptr<RdbSource> source;
  uint64_t size_bytes = 0;  // 0: not known
  int only_db = -1;         // -1: all
};
// Connects and asks, or opens the file, for a server with so many databases. Nothing, with a
// sentence for people, where that fails. `stop`: set, waiting for a server ends, here and when the
// source is read.
std::optional<Import> OpenImport(const std::string& from, int databases,
                                 const std::atomic<bool>* stop, std::string* error);

}  // namespace larder
