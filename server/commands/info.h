// INFO: the state of the server as text. Sections are rows: a name, a title and a function that
// writes its fields. Any thread may build it; counters are summed while they move.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "server/base/strings.h"

namespace larder {

class Engine;

class InfoWriter {
 public:
  explicit InfoWriter(std::string& out) : out_(out) {}
  std::string& out() { return out_; }  // for whoever brings whole lines

  template <typename Value>
  void Field(std::string_view name, const Value& value) {
    StrAppend(out_, name, ":", value, "\r\n");
  }
  void Ratio(std::string_view name, double value, std::string_view unit = "");  // two decimals
  void Seconds(std::string_view name, int64_t seconds, int64_t microseconds);
  // The field in bytes, and the same for people in NAME_human.
  void Bytes(std::string_view name, size_t bytes);
  void Human(std::string_view name, size_t bytes);

 private:
  std::string& out_;
};

// "991.14K", "1.00M", "200B".
std::string HumanBytes(size_t bytes);

struct InfoSection {
  std::string_view name;   // as the client asks for it
  std::string_view title;  // as it is printed
  bool by_default;         // part of INFO without words
  void (*write)(Engine& engine, InfoWriter& info);
};

void WritePersistence(Engine& engine, InfoWriter& info);  // info_persistence.cc

std::span<const InfoSection> ServerInfoSections();   // info_server.cc
std::span<const InfoSection> CommandInfoSections();  // info_commands.cc

// The sections that the words ask for: names, "default", "all", "everything"; none: the default.
std::string BuildInfo(Engine& engine, std::span<const std::string_view> words);

}  // namespace larder
