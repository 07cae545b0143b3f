// OomScore: how soon the kernel kills this process when the machine runs out of memory (directives
// oom-score-adj and oom-score-adj-values; proc(5), oom_score_adj). The score that was there before
// is put back when the directive is switched off. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/base/mutex.h"

namespace larder {

class OomScore {
 public:
  explicit OomScore(std::string path = "/proc/self/oom_score_adj") : path_(std::move(path)) {}

  // mode: no, relative (or yes: to the score before), absolute. adjustment: -2000 to 2000, clipped
  // to the kernel's -1000 to 1000. False with *error when the kernel refuses, which leaves all as
  // it was.
  bool Apply(std::string_view mode, int adjustment, std::string* error);

 private:
  std::optional<int> Read() const;
  bool Write(int score) const;

  const std::string path_;
  Mutex mutex_;
  std::optional<int> before_ ABSL_GUARDED_BY(mutex_);  // the score that we have replaced
};

}  // namespace larder
