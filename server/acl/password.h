// Password: a password as it is kept, its SHA-256. Pure functions: any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace larder {

class Password {
 public:
  static Password Of(std::string_view clear_text);
  // From 64 digits of lower-case hexadecimal; nothing where it is something else.
  static std::optional<Password> FromHex(std::string_view digits);

  std::string Hex() const;
  // Takes the same time wherever the two differ, so that time tells nothing of the secret.
  bool Equals(const Password& other) const;

 private:
  std::array<uint8_t, 32> hash_{};
};

}  // namespace larder
