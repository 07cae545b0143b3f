// AofFiles: the directory of the append-only file: its manifest, and the files that this names.
// Every change writes the manifest beside the old one, syncs it, renames it and syncs the
// directory, so that whenever the machine stops the manifest there is the one before or the one
// after. Who reports a failure has changed nothing.
//
// Any thread; calls wait for the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/base/mutex.h"
#include "server/config/config.h"
#include "server/persistence/aof_manifest.h"
#include "server/persistence/append_file.h"

namespace larder {

class AofFiles {
 public:
  explicit AofFiles(const Config& config) : config_(config) {}

  // Reads the manifest, if there is one. False where something is wrong.
  bool Open(std::string* error);
  // There is something to load, be it a file that TakeOldFile will find. After Open.
  bool any() const;
  // A single file as Redis had it before version 7, where there is no other, moves into the
  // directory as its base. False where that failed.
  bool TakeOldFile(std::string* error);
  // Makes the directory, if it is not there.
  bool MakeDirectory(std::string* error) const;
  std::vector<std::string> Names() const;
  std::string PathOf(const std::string& name) const;
  // Of all files that make up the data set, and of the base. False: one is missing.
  bool Sizes(uint64_t* all, uint64_t* base, std::string* error) const;

  // The last increment; a new one where there is none. Null, with the reason, where that failed.
  std::unique_ptr<AppendFile> OpenLast(std::string* error);
  // A new increment, which is in the manifest when this returns.
  std::unique_ptr<AppendFile> OpenNext(std::string* error);
  // One that is in no manifest: it becomes an increment with the next base.
  std::unique_ptr<AppendFile> OpenTemporary(std::string* error);
  void RemoveTemporary();

  enum class Increments : uint8_t {
    kNone,       // the base stands for all there are
    kLast,       // for all but the last
    kTemporary,  // for all; the temporary file becomes one
  };
  // Makes a whole and synced file the base.
  bool ReplaceBase(const std::string& path, bool rdb, Increments increments, std::string* error);
  // Removes what is history, unless aof-disable-auto-gc keeps it.
  void RemoveHistory();

 private:
  std::string Directory() const { return config_.Path("appenddirname"); }
  // The single file of before version 7 has this name, in `dir`.
  std::string OldPath() const { return config_.Path("appendfilename"); }
  std::string Stem() const { return config_.Text("appendfilename"); }
  std::string ManifestName() const { return Stem() + ".manifest"; }
  std::string TemporaryName() const { return "temp-" + Stem() + ".incr"; }
  std::unique_ptr<AppendFile> OpenFile(const std::string& name, int flags,
                                       std::string* error) const;
  // Writes the manifest and, where that went well, keeps it. Else the files that it was to name are
  // removed, unless it is the one on disk now.
  bool Adopt(AofManifest manifest, const std::vector<std::string>& made, std::string* error)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mutex_);
  bool MustUpgrade(const AofManifest& manifest) const;
  bool Upgrade(std::string* error) ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mutex_);
  AofManifest manifest() const;

  const Config& config_;
  // Whoever changes the files holds it while the disk works; taken before the other.
  Mutex change_mutex_;
  mutable Mutex mutex_;
  AofManifest manifest_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace larder
