// Streams as the RDB format's types kStream, kStream2 and kStream3
// (https://github.com/redis/redis/blob/7.0/src/t_stream.c describes the listpacks): nodes by the id
// they start with, each a listpack that begins with the fields of its first entry; then what the
// stream remembers, and its groups with what is pending. Used by rdb_value alone.
#pragma once

#include <memory>

#include "protocol/rdb_format.h"
#include "protocol/rdb_reader.h"
#include "protocol/rdb_writer.h"
#include "server/store/stream.h"

namespace larder {

// As kStream2.
void WriteStream(RdbWriter& writer, const Stream& stream);

// Null, with the reason in the reader, where the bytes are no sound stream. A stream may be empty.
std::unique_ptr<Stream> ReadStream(RdbReader& reader, rdb::Type type);

}  // namespace larder
