// Glob patterns of KEYS, SCAN MATCH, PSUBSCRIBE, CONFIG GET and ACL: * ? [abc] [a-z] [^a] and \ as
// the escape. Pure function, any thread. The work is at most pattern times text: a mismatch goes
// back to the last star only, never to an earlier one.
#pragma once

#include <string_view>

namespace larder {

// True when the whole `text` matches `pattern`. `nocase` ignores the case of ASCII letters. An
// unclosed class ends with the pattern; a lone backslash at the end means itself; "*" does not
// match an empty text (Redis' rule: only the empty pattern does).
bool GlobMatch(std::string_view pattern, std::string_view text, bool nocase = false);

}  // namespace larder
