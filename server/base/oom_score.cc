#include "server/base/oom_score.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "server/base/log.h"

namespace larder {

bool OomScore::Apply(std::string_view mode, int adjustment, std::string* error) {
  MutexLock lock(mutex_);
  const bool off = mode == "no";
  if (off && !before_) return true;
  const std::optional<int> base = before_ ? before_ : Read();
  const int wanted = off ? 0 : adjustment;
  const int score = off || mode != "absolute" ? base.value_or(0) + wanted : wanted;
  if (!base || !Write(std::clamp(score, -1000, 1000))) {
    Log(LogLevel::kWarning, base ? "Unable to write " : "Unable to read ", path_, ": ",
        std::strerror(errno));
    *error = "Failed to set current oom_score_adj. Check server logs.";
    return false;
  }
  before_ = off ? std::nullopt : base;
  return true;
}

std::optional<int> OomScore::Read() const {
  int score = 0;
  if (std::ifstream(path_) >> score) return score;
  return std::nullopt;
}

bool OomScore::Write(int score) const {
  std::ofstream file(path_);
  return static_cast<bool>(file << score << std::flush);
}

}  // namespace larder
