// Requests as bytes: what this server says to others, and what its log and its files hold. Any
// thread. Source: https://redis.io/docs/latest/develop/reference/protocol-spec/.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "protocol/byte_buffer.h"

namespace larder {

// Appends one request: "*1\r\n$4\r\nPING\r\n".
void AppendRequest(std::string& out, std::span<const std::string_view> words);
void AppendRequest(ByteBuffer& out, std::span<const std::string_view> words);
std::string EncodeRequest(std::initializer_list<std::string_view> words);

}  // namespace larder
