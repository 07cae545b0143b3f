// Config: the values of all directives. Numbers that code reads while it serves are in settings(),
// one relaxed load each; everything else is text behind a lock.
//
// Threads: Load, OnChange and AfterChange before other threads start; everything else from any
// thread, but not under a shard's lock. Set and Rewrite not inside the gate either, nor behind the
// closed one: Set runs callbacks that may close it, and Rewrite waits for the disk.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/mutex.h"
#include "server/config/directive.h"
#include "server/config/settings.h"

namespace larder {

class Config {
 public:
  Config();  // all defaults
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;

  const Settings& settings() const { return settings_; }

  // The value as CONFIG GET prints it. CHECKs that the directive exists.
  std::string Text(std::string_view name) const;

  // The absolute path that a directive names: others than absolute ones start at `dir`, whatever
  // the process' working directory. "" where the value is.
  std::string Path(std::string_view name) const;

  // The lines of a directive with the flag kLines, each with its words quoted where needed.
  std::vector<std::string> Lines(std::string_view name) const;

  // Reads the arguments of the program, without its name (see config_file.h). False, with the text
  // to print before the process ends with status 1.
  bool Load(std::span<const std::string> arguments, std::string* error);

  // One sentence for each directive that was given and has no effect here; to be logged once.
  const std::vector<std::string>& notices() const { return notices_; }
  // Absolute path of the configuration file, or "".
  const std::string& file() const { return file_; }

  using Pair = std::pair<std::string, std::string>;
  // CONFIG GET: what matches one of the patterns (ignoring case), each name once.
  std::vector<Pair> Get(std::span<const std::string_view> patterns) const;

  // CONFIG SET: sets all of them or, when one is refused, none. The error is Redis' text without
  // its code. `local` says whether the client may set protected directives that are open to local
  // ones.
  using PairView = std::pair<std::string_view, std::string_view>;
  std::optional<std::string> Set(std::span<const PairView> pairs, bool local);

  // Sets what the server itself has changed (REPLICAOF), so that CONFIG GET and REWRITE show it.
  // No callback is called. CHECKs that the directive exists.
  void Note(std::string_view name, std::string value);

  // CONFIG REWRITE: the file with today's values, its comments and order kept; what it does not
  // mention and is not the default is added at the end (`all`: the default too). Replaces the file
  // atomically.
  std::optional<std::string> Rewrite(bool all = false);

  // Called by Set with the new value, after settings() has it, without a lock on values; false with
  // *error undoes the whole Set (and calls it again with the old value).
  using Callback = std::function<bool(const std::string& value, std::string* error)>;
  void OnChange(std::string_view name, Callback callback);
  // Called by Set when nobody can refuse any more, with the new value: for what can't be undone.
  using Applied = std::function<void(const std::string& value)>;
  void AfterChange(std::string_view name, Applied applied);
  // Called by Rewrite for the lines to write, where somebody else keeps them (users). Set before
  // other threads start, like OnChange.
  using Source = std::function<std::vector<std::string>()>;
  void OnRewrite(std::string_view name, Source source);

 private:
  struct Change {
    size_t row;
    std::string before, after;
  };

  bool LoadLine(const std::string& text, std::string* reason);
  void SetElastiCacheDefaults();
  std::optional<std::string> Resolve(std::span<const PairView> pairs, bool local,
                                     std::vector<size_t>* rows) const;
  void Publish(size_t row, const std::string& value);
  bool CallBack(const Change& change, bool undo, std::string* error);
  std::string Value(size_t row) const;

  Settings settings_;
  std::string file_;
  std::vector<std::string> notices_;
  std::vector<std::pair<size_t, Callback>> callbacks_;
  std::vector<std::pair<size_t, Applied>> after_;
  std::vector<std::pair<size_t, Source>> sources_;

  Mutex set_mutex_;  // one Set or Rewrite at a time; before values_mutex_
  mutable Mutex values_mutex_;
  std::vector<std::string> values_ ABSL_GUARDED_BY(values_mutex_);  // by row
  std::vector<bool> given_;  // while loading: rows that a line has named
};

// The text of a configuration file with new values: see Config::Rewrite. `values` is by row.
std::string RewriteConfigText(std::string_view text, std::span<const std::string> values,
                              bool all = false);

}  // namespace larder
