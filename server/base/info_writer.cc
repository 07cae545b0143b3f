#include "server/base/info_writer.h"

#include <cstdio>

namespace larder {

void InfoWriter::Ratio(std::string_view name, double value, std::string_view unit) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.2f", value);
  StrAppend(out_, name, ":", text, unit, "\r\n");
}

void InfoWriter::Seconds(std::string_view name, int64_t seconds, int64_t microseconds) {
  char text[64];
  std::snprintf(text, sizeof(text), "%lld.%06lld", static_cast<long long>(seconds),
                static_cast<long long>(microseconds));
  Field(name, std::string_view(text));
}

void InfoWriter::Bytes(std::string_view name, size_t bytes) {
  Field(name, bytes);
  Human(StrCat(name, "_human"), bytes);
}

void InfoWriter::Human(std::string_view name, size_t bytes) { Field(name, HumanBytes(bytes)); }

std::string HumanBytes(size_t bytes) {
  static constexpr std::string_view kUnits = "KMGTP";
  if (bytes < 1024) return StrCat(bytes, 'B');
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f%c", value, kUnits[unit]);
  return text;
}

}  // namespace larder
