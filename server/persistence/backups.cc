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

bool IsBackup(std::string_view name) { return HasShape(name, "dump-####-##-##-####.rdb"); }

std::string NameAt(int64_t now_s) {
  const std::time_t time = now_s;
  std::tm local = {};
  localtime_r(&time, &local);
  char name[64];
  return {name, std::strftime(name, sizeof(name), kNameFormat, &local)};
}

int64_t TimeOf(const std::string& name) {
  std::tm local = {};
  strptime(name.c_str(), kNameFormat, &local);
  local.tm_isdst = -1;  // as it was on that day
  return std::mktime(&local);
}

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

Backups::Backups(int64_t now_s, const std::string& directory) : last_s_(now_s) {
  const std::vector<std::string> names = BackupsIn(directory + kFolder, NameAt(now_s));
  if (!names.empty()) last_s_ = std::min(now_s, TimeOf(names.back()));
}

bool Backups::IsDue(int minute_of_day, int64_t now_s) const {
  const std::time_t time = now_s;
  std::tm local = {};
  localtime_r(&time, &local);
  local.tm_hour = minute_of_day / 60;
  local.tm_min = minute_of_day % 60;
  local.tm_sec = 0;
  local.tm_isdst = -1;
  int64_t scheduled_s = std::mktime(&local);
  if (scheduled_s > now_s) {  // the latest one was yesterday's
    --local.tm_mday;
    local.tm_isdst = -1;
    scheduled_s = std::mktime(&local);
  }
  return last_s_ < scheduled_s && now_s >= retry_s_;
}

bool Backups::Take(const std::string& snapshot, int64_t now_s, size_t keep, std::string* error) {
  const std::string folder = fs::path(snapshot).parent_path().string() + kFolder;
  const std::string name = NameAt(now_s);
  const std::string path = StrCat(folder, "/", name);
  if (const int failed = GiveName(snapshot, folder, path); failed != 0) {
    *error = StrCat("no backup ", path, " of ", snapshot, ": ", std::strerror(failed));
    retry_s_ = now_s + kRetryS;
    return false;
  }
  last_s_ = now_s;
  return RemoveOldest(folder, name, keep, error);
}

}  // namespace larder
