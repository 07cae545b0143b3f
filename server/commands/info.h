// INFO: the state of the server as text. Sections are rows: a name, a title and a function that
// writes its fields. Any thread may build it; counters are summed while they move.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/base/info_writer.h"

namespace larder {

class Engine;

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
