// Backups: one copy of the data set a day, under names of their own, the oldest ones removed. A
// backup is the snapshot that was just written, under a second name (a hard link): it costs no time
// and, until the next snapshot takes the place of the first name, no space.
//
// In the folder "backups" beside the snapshot: dump-2026-11-28-0330.rdb, local time.
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
  // none. One that was missed while the server was down is due at once.
  bool IsDue(int minute_of_day, int64_t now_s) const;

  // Gives `snapshot` a name among the backups and removes all but the newest `keep`; those
  // with a later time than now are left alone. False, with the reason, when there is no new backup;
  // the next is due tomorrow all the same.
  bool Take(const std::string& snapshot, int64_t now_s, size_t keep, std::string* error);

 private:
  int64_t last_s_;
};

}  // namespace larder
