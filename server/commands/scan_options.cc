#include "server/commands/scan_options.h"

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <string>

#include "protocol/errors.h"
#include "server/base/glob.h"
#include "server/base/strings.h"

namespace larder {

bool ScanOptions::Matches(std::string_view name) const {
  return !has_match || GlobMatch(match, name);
}

bool ParseScanCursor(Context& c, size_t i, uint64_t* cursor) {
  // As strtoul reads it, sign and empty text included, since Redis' cursors are read so.
  const std::string text(c.args[i]);
  char* end = nullptr;
  errno = 0;
  *cursor = std::strtoull(text.c_str(), &end, 10);
  if (std::isspace(static_cast<unsigned char>(text[0])) || *end != '\0' || errno == ERANGE) {
    c.reply.Error(errors::kInvalidCursor);
    return false;
  }
  return true;
}

bool ParseScanOptions(Context& c, size_t i, bool with_type, ScanOptions* options) {
  for (; i < c.args.size(); i += 2) {
    const bool has_value = i + 1 < c.args.size();
    if (has_value && EqualsIgnoreCase(c.args[i], "count")) {
      int64_t count;
      if (!c.Integer(i + 1, &count)) return false;
      if (count < 1) {
        c.SyntaxError();
        return false;
      }
      options->count = static_cast<size_t>(count);
    } else if (has_value && EqualsIgnoreCase(c.args[i], "match")) {
      options->match = c.args[i + 1];
      options->has_match = options->match != "*";
    } else if (has_value && with_type && EqualsIgnoreCase(c.args[i], "type")) {
      options->type = c.args[i + 1];
    } else {
      c.SyntaxError();
      return false;
    }
  }
  return true;
}

void ScanReply::End(uint64_t next, size_t replies) {
  OutputBuffer frame;
  Reply head(frame, reply_.resp());
  head.Array(2);
  head.BulkInteger(static_cast<int64_t>(next));
  head.Array(replies);
  reply_.out().InsertAt(begin_, frame.bytes().view());
}

void EmptyScan(Reply& reply) { ScanReply(reply).End(0, 0); }

}  // namespace larder
