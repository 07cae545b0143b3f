// Words of a line of redis.conf: separated by white space, with "double quotes" (escapes \n \r \t
// \b \a \xHH), 'single quotes' (only \'), and quotes that may open inside a word but must be
// followed by white space. Pure functions: any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

// Nothing when a quote is not closed or has no space behind it.
std::optional<std::vector<std::string>> SplitWords(std::string_view line);

// The words of a directive's value. REQUIRES: it can be split, as what its check accepted can.
std::vector<std::string> ValueWords(std::string_view value);

// The word in double quotes, every byte that is not printable escaped, so that SplitWords gives it
// back.
std::string QuoteWord(std::string_view word);

// The same, but bare where that is safe.
std::string QuoteWordIfNeeded(std::string_view word);

}  // namespace larder
