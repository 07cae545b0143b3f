#include "server/persistence/backups.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <system_error>
#include <vector>

#include "server/base/replace_file.h"
#include "server/base/strings.h"
#include "server/base/time_of_day.h"

namespace larder {
namespace {

namespace fs = std::filesystem;

constexpr char kFolder[] = "/backups";
constexpr char kNameFormat[] = "dump-%Y-%m-%d-%H%M.rdb";
constexpr int kMinutesPerDay = 24 * 60;

bool IsBackup(std::string_view name) { return HasShape(name, "dump-####-##-##-####.rdb"); }

std::tm LocalTime(int64_t now_s) {
  const std::time_t time = now_s;
  std::tm local = {};
  localtime_r(&time, &local);
  return local;
}

// Whether the clock ever shows that or not.
std::string NameOf(const std::tm& local) {
  char name[64];
  return {name, std::strftime(name, sizeof(name), kNameFormat, &local)};
}

std::string NameAt(int64_t now_s) { return NameOf(LocalTime(now_s)); }

// What it would be called at this minute of that day.
std::string NameOn(std::tm day, int minute) {
  day.tm_hour = minute / 60;
  day.tm_min = minute % 60;
  return NameOf(day);
}

std::tm DayBefore(std::tm day) {
  --day.tm_mday;
  day.tm_hour = 12;  // which every day has
  day.tm_isdst = -1;
  std::mktime(&day);
  return day;
}

std::string LastNameOf(const std::tm& day) { return NameOn(day, kMinutesPerDay - 1); }

// Up to the one of this name, by their names, which is by their age. What is later than now a clock
// that went wrong has made, or people have: that is not counted, and stays.
std::vector<std::string> BackupsIn(const std::string& folder, const std::string& last) {
  std::vector<std::string> names;
  std::error_code none;
  for (const fs::directory_entry& file : fs::directory_iterator(folder, none)) {
    const std::string name = file.path().filename();
    if (IsBackup(name) && name <= last) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Of those up to `last`.
bool RemoveOldest(const std::string& folder, const std::string& last, size_t keep,
                  std::string* error) {
  std::vector<std::string> names = BackupsIn(folder, last);
  if (names.size() <= keep) return true;
  names.resize(names.size() - keep);
  for (const std::string& name : names) {
    std::error_code failed;
    fs::remove(StrCat(folder, "/", name), failed);
    if (!failed) continue;
    *error = StrCat("the old backup ", folder, "/", name, " stays: ", failed.message());
    return false;
  }
  return true;
}

// Makes `path` in `folder` another name of the snapshot, or of a copy. 0, or errno.
int GiveName(const std::string& snapshot, const std::string& folder, const std::string& path) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (!failed) fs::remove(path, failed);  // of the same minute
  if (failed) return failed.value();
  fs::create_hard_link(snapshot, path, failed);
  if (!failed) return SyncDirectory(folder);
  return ReplaceWithCopy(snapshot, path, StrCat(folder, "/temp-backup.rdb")).error;
}

}  // namespace

Backups::Backups(int64_t now_s, const std::string& directory) : last_(NameAt(now_s)) {
  const std::vector<std::string> names =
      BackupsIn(directory + kFolder, LastNameOf(LocalTime(now_s)));
  if (!names.empty()) last_ = names.back();
}

bool Backups::IsDue(int minute_of_day, int64_t now_s) {
  const std::tm today = LocalTime(now_s);
  const std::string now = NameOf(today);
  // A clock that went wrong has made it. One of today is left: once a year an hour comes twice.
  if (last_ > LastNameOf(today)) last_ = now;
  std::string scheduled = NameOn(today, minute_of_day);
  if (scheduled > now) scheduled = NameOn(DayBefore(today), minute_of_day);
  const bool waits = now_s >= failed_s_ && now_s - failed_s_ < kRetryS;
  return last_ < scheduled && !waits;
}

void Backups::Skip(int64_t now_s) { last_ = NameAt(now_s); }

bool Backups::Take(const std::string& snapshot, int64_t now_s, size_t keep, std::string* error) {
  const std::string folder = fs::path(snapshot).parent_path().string() + kFolder;
  const std::string name = NameAt(now_s);
  const std::string path = StrCat(folder, "/", name);
  if (const int failed = GiveName(snapshot, folder, path); failed != 0) {
    *error = StrCat("no backup ", path, " of ", snapshot, ": ", std::strerror(failed));
    failed_s_ = now_s;
    return false;
  }
  last_ = name;
  return RemoveOldest(folder, name, keep, error);
}

}  // namespace larder
