#include "server/persistence/aof_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "server/base/log.h"
#include "server/base/read_file.h"
#include "server/base/replace_file.h"
#include "server/base/strings.h"

namespace larder {
namespace {

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

std::string Because(std::string_view what, std::string_view path) {
  return StrCat(what, " ", path, ": ", std::strerror(errno));
}

bool Rename(const std::string& from, const std::string& to, std::string* error) {
  if (rename(from.c_str(), to.c_str()) == 0) return true;
  *error = StrCat("Can't move ", from, " to ", to, ": ", std::strerror(errno));
  return false;
}

}  // namespace

std::string AofFiles::PathOf(const std::string& name) const {
  return StrCat(Directory(), "/", name);
}

AofManifest AofFiles::manifest() const {
  MutexLock lock(mutex_);
  return manifest_;
}

bool AofFiles::Open(std::string* error) {
  MutexLock changing(change_mutex_);
  const std::string path = PathOf(ManifestName());
  std::string text;
  std::optional<AofManifest> manifest;
  const int failed = ReadFile(path, &text);
  if (failed == ENOENT) {
    manifest.emplace();
  } else if (failed != 0) {
    *error = StrCat("can't read the AOF manifest file ", path, ": ", std::strerror(failed));
  } else if (manifest = AofManifest::Parse(text, error); !manifest) {
    *error = StrCat("Reading the manifest file ", path, ": ", *error);
  }
  MutexLock lock(mutex_);
  manifest_ = manifest.value_or(AofManifest());
  return manifest.has_value();
}

bool AofFiles::any() const {
  const AofManifest known = manifest();
  return !known.empty() || MustUpgrade(known);
}

bool AofFiles::TakeOldFile(std::string* error) {
  MutexLock changing(change_mutex_);
  return !MustUpgrade(manifest()) || Upgrade(error);
}

// Also where an upgrade has written its manifest and then was interrupted.
bool AofFiles::MustUpgrade(const AofManifest& manifest) const {
  if (!Exists(OldPath())) return false;
  if (manifest.empty()) return true;
  return manifest.base && manifest.increments.empty() && manifest.base->name == Stem() &&
         !Exists(PathOf(Stem()));
}

bool AofFiles::Upgrade(std::string* error) {
  AofManifest manifest;
  manifest.ReplaceBase(Stem(), false, 0);
  manifest.base->name = Stem();
  if (!MakeDirectory(error) || !Adopt(std::move(manifest), {}, error) ||
      !Rename(OldPath(), PathOf(Stem()), error)) {
    return false;
  }
  SyncDirectory(Directory());
  Log(LogLevel::kNotice, "Successfully migrated an old-style AOF file (", Stem(),
      ") into the AOF directory (", Directory(), ").");
  return true;
}

std::vector<std::string> AofFiles::Names() const { return manifest().Names(); }

// Under the lock: what the manifest does not name any more may be removed.
bool AofFiles::Sizes(uint64_t* all, uint64_t* base, std::string* error) const {
  MutexLock lock(mutex_);
  *all = *base = 0;
  for (const std::string& name : manifest_.Names()) {
    struct stat status = {};
    if (stat(PathOf(name).c_str(), &status) != 0) {
      *error = StrCat("The append only file ", name, " can't be found: ", std::strerror(errno));
      return false;
    }
    const auto size = static_cast<uint64_t>(status.st_size);
    *all += size;
    if (manifest_.base && manifest_.base->name == name) *base = size;
  }
  return true;
}

bool AofFiles::MakeDirectory(std::string* error) const {
  struct stat status = {};
  if (mkdir(Directory().c_str(), 0755) == 0) {
    errno = SyncDirectory(config_.Text("dir"));
    if (errno == 0) return true;
  } else if (errno == EEXIST && stat(Directory().c_str(), &status) == 0 &&
             S_ISDIR(status.st_mode)) {
    return true;
  }
  *error = Because("Can't open or create append-only dir", Directory());
  return false;
}

std::unique_ptr<AppendFile> AofFiles::OpenFile(const std::string& name, int flags,
                                               std::string* error) const {
  if (!MakeDirectory(error)) return nullptr;
  const std::string path = PathOf(name);
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | flags, 0644);
  struct stat status = {};
  if (fd < 0 || fstat(fd, &status) != 0) {
    *error = Because("Can't open the append-only file", name);
    if (fd >= 0) close(fd);
    return nullptr;
  }
  return std::make_unique<AppendFile>(fd, static_cast<uint64_t>(status.st_size));
}

bool AofFiles::Adopt(AofManifest manifest, const std::vector<std::string>& made,
                     std::string* error) {
  const std::string path = PathOf(ManifestName()), temporary = PathOf("temp-" + ManifestName());
  const Replaced replaced = ReplaceFile(path, manifest.Format(), temporary);
  if (replaced.error == 0) {
    MutexLock lock(mutex_);
    manifest_ = std::move(manifest);
    return true;
  }
  errno = replaced.error;
  *error = Because("Can't replace the manifest", path);
  // What the old one names must stay as long as the new one is there.
  const std::string old = this->manifest().Format();
  if (replaced.in_place && !ReplaceFile(path, old, temporary).in_place) return false;
  for (const std::string& name : made) unlink(PathOf(name).c_str());
  return false;
}

std::unique_ptr<AppendFile> AofFiles::OpenLast(std::string* error) {
  const AofManifest known = manifest();
  if (known.increments.empty()) return OpenNext(error);
  const std::string name = known.increments.back().name;
  Log(LogLevel::kNotice, "Opening AOF incr file ", name, " on server start");
  return OpenFile(name, 0, error);
}

std::unique_ptr<AppendFile> AofFiles::OpenNext(std::string* error) {
  MutexLock changing(change_mutex_);
  AofManifest manifest = this->manifest();
  const std::string name = manifest.AddIncrement(Stem()).name;
  std::unique_ptr<AppendFile> file = OpenFile(name, O_TRUNC, error);
  if (file == nullptr) return nullptr;
  if (!Adopt(std::move(manifest), {name}, error)) return nullptr;
  Log(LogLevel::kNotice, "Creating AOF incr file ", name);
  return file;
}

std::unique_ptr<AppendFile> AofFiles::OpenTemporary(std::string* error) {
  Log(LogLevel::kNotice, "Creating AOF incr file ", TemporaryName(), " until there is a base");
  return OpenFile(TemporaryName(), O_TRUNC, error);
}

void AofFiles::RemoveTemporary() {
  Log(LogLevel::kNotice, "Removing the temp incr aof file ", TemporaryName());
  unlink(PathOf(TemporaryName()).c_str());
}

bool AofFiles::ReplaceBase(const std::string& path, bool rdb, Increments increments,
                           std::string* error) {
  MutexLock changing(change_mutex_);
  AofManifest manifest = this->manifest();
  const std::string base =
      manifest.ReplaceBase(Stem(), rdb, increments == Increments::kLast ? 1 : 0).name;
  std::vector<std::string> made = {base};
  if (!MakeDirectory(error) || !Rename(path, PathOf(base), error)) return false;
  if (increments == Increments::kTemporary) {
    made.push_back(manifest.AddIncrement(Stem()).name);
    if (!Rename(PathOf(TemporaryName()), PathOf(made.back()), error)) {
      unlink(PathOf(base).c_str());
      return false;
    }
  }
  return Adopt(std::move(manifest), made, error);
}

void AofFiles::RemoveHistory() {
  MutexLock changing(change_mutex_);
  AofManifest manifest = this->manifest();
  if (manifest.history.empty() || config_.settings().aof_disable_auto_gc) return;
  const std::vector<AofManifest::File> gone = std::exchange(manifest.history, {});
  std::string error;
  if (!Adopt(std::move(manifest), {}, &error)) return Log(LogLevel::kWarning, error);
  for (const AofManifest::File& file : gone) {
    Log(LogLevel::kNotice, "Removing the history file ", file.name);
    unlink(PathOf(file.name).c_str());
  }
}

}  // namespace larder
