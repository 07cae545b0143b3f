// Small helpers for std::string_view. Debian builds abseil with its own string_view, so that
// absl::StrCat and absl::EqualsIgnoreCase do not take ours. Pure functions: any thread.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

namespace larder {

// ASCII only, whatever the locale.
constexpr char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr char ToUpper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

inline std::string ToLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = ToLower(c);
  return lower;
}

constexpr bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (ToLower(a[i]) != ToLower(b[i])) return false;
  }
  return true;
}

// Appends a text, a character, a bool (as 0 or 1) or a number.
template <typename Piece>
void StrAppendPiece(std::string& out, const Piece& piece) {
  if constexpr (std::is_same_v<Piece, char>) {
    out.push_back(piece);
  } else if constexpr (std::is_arithmetic_v<Piece>) {
    out += std::to_string(piece);
  } else {
    out += std::string_view(piece);
  }
}

template <typename... Pieces>
void StrAppend(std::string& out, const Pieces&... pieces) {
  (StrAppendPiece(out, pieces), ...);
}

template <typename... Pieces>
std::string StrCat(const Pieces&... pieces) {
  std::string out;
  StrAppend(out, pieces...);
  return out;
}

}  // namespace larder
