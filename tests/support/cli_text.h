// Requests and replies as redis-cli writes them on a terminal. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/resp.h"

namespace larder::test {

// `text` between double quotes, with \n \r \t \a \b \\ \" and \xHH for what cannot be printed.
std::string Quote(std::string_view text);

// A reply as redis-cli prints it, without blanks and ends of line at the end. Three things differ,
// so that a line of text says exactly what was on the wire: a null array is "(nil array)", a
// verbatim string is
// `(verbatim) "txt:…"`, an empty status is "(empty status)".
std::string CliText(const Value& value);

// A line cut into words as redis-cli does: blanks separate, "…" knows escapes, '…' knows only \'.
// Two shorthands of our own, outside quotes only: {x*100} is x a hundred times inside a word, and
// {1..200} makes 200 words of the word it stands in. Throws std::runtime_error for unbalanced
// quotes.
std::vector<std::string> SplitWords(std::string_view line);

}  // namespace larder::test
