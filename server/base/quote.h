// Text for people: any bytes as one quoted word.
#pragma once

#include <string>
#include <string_view>

namespace larder {

// Appends "text" in double quotes with \n, \r, \t, \a, \b, \\, \" and \xNN for what can't be
// printed, as redis-cli and MONITOR show it.
void AppendQuoted(std::string& out, std::string_view text);
// The same without the quotes around it: for the log.
std::string Printable(std::string_view text);

}  // namespace larder
