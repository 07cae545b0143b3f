#include "server/acl/password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "server/base/check.h"
#include "server/base/hex.h"

namespace larder {

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
  if (!ParseHex(digits, password.hash_)) return std::nullopt;
  if (password.Hex() != digits) return std::nullopt;  // upper case, which Redis does not take
  return password;
}

std::string Password::Hex() const { return HexOf(hash_); }

bool Password::Equals(const Password& other) const {
  return CRYPTO_memcmp(hash_.data(), other.hash_.data(), hash_.size()) == 0;
}

}  // namespace larder
