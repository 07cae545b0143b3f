#include "server/base/quote.h"

#include "server/base/hex.h"

namespace larder {

void AppendQuoted(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '"':
        out += "\\\"";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\a':
        out += "\\a";
        break;
      case '\b':
        out += "\\b";
        break;
      default:
        if (c >= ' ' && c < 127) {
          out += c;
        } else {
          AppendHexEscape(out, c);
        }
    }
  }
  out += '"';
}

std::string Printable(std::string_view text) {
  std::string quoted;
  AppendQuoted(quoted, text);
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace larder
