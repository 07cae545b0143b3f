// Backups: one copy of the data set a day, under names of their own, the oldest ones removed. A
// backup is the snapshot that was just written, under a second name (a hard link): it costs no time
// and, until the next snapshot takes the place of the first name, no space. On another file system
// it is a copy, which gets its name when it is whole and on disk.
//
// In the folder "backups" beside the snapshot: dump-2026-11-28-0330.rdb, local time. When the next
// one is due is said by comparing such names, as text: that of the last one, and that which one of
// the time of day would have had. So days of 23 and of 25 hours have one like all others.
//
// One thread: Persistence's own.
#pragma once

#include <cstdint>
#include <string>

namespace larder {

class Backups {
 public:
  // Knows those that are in this directory already; `now_s` is Unix time, like all times here.
  Backups(int64_t now_s, const std::string& directory);

  // Whether the time of day has passed since the last backup, or since the start where there is
  // none. One that was missed while the server was down is due at once. A clock that is set back
  // by days begins anew: the next time of day it comes to is the next.
  bool IsDue(int minute_of_day, int64_t now_s);

  // There is nothing to make one of: the next is due at the next time of day.
  void Skip(int64_t now_s);

  // Gives `snapshot` a name among the backups, or makes a copy where the folder is on another file
  // system, and removes all but the newest `keep`; those with a later time than now are left alone.
  // False, with the reason, when that failed: where there is no new backup nothing has its name,
  // and the next is due in an hour.
  bool Take(const std::string& snapshot, int64_t now_s, size_t keep, std::string* error);

 private:
  static constexpr int64_t kRetryS = 60 * 60;  // each try writes a snapshot

  std::string last_;             // the name of the last one, or that of the start
  int64_t failed_s_ = -kRetryS;  // when the last try failed
};

}  // namespace larder
