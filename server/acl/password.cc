#include "server/acl/password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "server/base/check.h"

namespace larder {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

Password Password::Of(std::string_view clear_text) {
  Password password;
  unsigned int size = 0;
  CHECK(EVP_Digest(clear_text.data(), clear_text.size(), password.hash_.data(), &size, EVP_sha256(),
                   nullptr) == 1);
  CHECK(size == password.hash_.size());
  return password;
}

std::optional<Password> Password::FromHex(std::string_view digits) {
  Password password;
  if (digits.size() != 2 * password.hash_.size()) return std::nullopt;
  for (size_t i = 0; i < digits.size(); ++i) {
    const size_t digit = kDigits.find(digits[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    password.hash_[i / 2] = static_cast<uint8_t>(password.hash_[i / 2] << 4 | digit);
  }
  return password;
}

std::string Password::Hex() const {
  std::string hex;
  for (uint8_t byte : hash_) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

bool Password::Equals(const Password& other) const {
  return CRYPTO_memcmp(hash_.data(), other.hash_.data(), hash_.size()) == 0;
}

}  // namespace larder
