#include "server/script/sha1.h"

#include <openssl/evp.h>

#include "server/base/check.h"
#include "server/base/hex.h"

namespace larder {

Sha1 Sha1Of(std::string_view bytes) {
  Sha1 sha;
  unsigned int size = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), sha.data(), &size, EVP_sha1(), nullptr) == 1);
  CHECK(size == sha.size());
  return sha;
}

std::optional<Sha1> ParseSha1(std::string_view hex) {
  Sha1 sha;
  if (!ParseHex(hex, sha)) return {};
  return sha;
}

}  // namespace larder
