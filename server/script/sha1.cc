#include "server/script/sha1.h"

#include <openssl/evp.h>

#include "server/base/check.h"

namespace larder {
namespace {

int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Sha1 Sha1Of(std::string_view bytes) {
  Sha1 sha;
  unsigned int size = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), sha.data(), &size, EVP_sha1(), nullptr) == 1);
  CHECK(size == sha.size());
  return sha;
}

std::string HexOf(const Sha1& sha) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * sha.size());
  for (uint8_t byte : sha) {
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 15]);
  }
  return hex;
}

std::optional<Sha1> ParseSha1(std::string_view hex) {
  Sha1 sha;
  if (hex.size() != 2 * sha.size()) return {};
  for (size_t i = 0; i < sha.size(); ++i) {
    const int high = DigitOf(hex[2 * i]);
    const int low = DigitOf(hex[2 * i + 1]);
    if (high < 0 || low < 0) return {};
    sha[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return sha;
}

}  // namespace larder
