#include "server/base/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "server/base/mutex.h"

namespace larder {

std::atomic<LogLevel> log_internal::level{LogLevel::kNotice};

namespace {

constexpr size_t kMaxLine = 4096;
constexpr std::string_view kLevelNames[] = {"debug", "verbose", "notice", "warning", "nothing"};
constexpr char kLevelMarks[] = {'.', '-', '*', '#'};

std::atomic<LogRole> role{LogRole::kPrimary};

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  return static_cast<spdlog::level::level_enum>(level);  // trace, debug, info, warn
}

// %*: the role letter.
class RoleFlag : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg&, const std::tm&, spdlog::memory_buf_t& out) override {
    out.push_back(static_cast<char>(role.load(std::memory_order_relaxed)));
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<RoleFlag>();
  }
};

// %~: the mark of the level.
class MarkFlag : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    out.push_back(kLevelMarks[message.level]);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<MarkFlag>();
  }
};

std::shared_ptr<spdlog::logger> MakeLogger(spdlog::sink_ptr sink) {
  auto logger = std::make_shared<spdlog::logger>("larder", std::move(sink));
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<RoleFlag>('*').add_flag<MarkFlag>('~').set_pattern(
      "%P:%* %d %b %Y %H:%M:%S.%e %~ %v");
  logger->set_formatter(std::move(formatter));
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::trace);  // a line lost in a crash is the line one needs
  return logger;
}

// What tells a file from another one that got its name.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileId&) const = default;
};

FileId IdOf(const std::string& file_path) {
  struct stat status = {};
  return stat(file_path.c_str(), &status) == 0 ? FileId{status.st_dev, status.st_ino} : FileId{};
}

// Guards which logger and file are in use; not held while a line is written.
Mutex mutex;
std::string path ABSL_GUARDED_BY(mutex);
FileId id ABSL_GUARDED_BY(mutex);
bool reopening_failed ABSL_GUARDED_BY(mutex) = false;
std::shared_ptr<spdlog::logger> current ABSL_GUARDED_BY(mutex);

std::shared_ptr<spdlog::logger> Current() {
  MutexLock lock(mutex);
  if (!current) current = MakeLogger(std::make_shared<spdlog::sinks::stdout_sink_mt>());
  return current;
}

// The library would make the folders of a path that somebody has mistyped.
bool CanOpen(const std::string& file_path, std::string* error) {
  std::FILE* file = std::fopen(file_path.c_str(), "ae");
  if (file != nullptr) return std::fclose(file) == 0;
  *error = StrCat("Can't open the log file: ", std::strerror(errno));
  return false;
}

}  // namespace

void log_internal::Write(LogLevel line_level, std::string_view text) {
  if (line_level >= LogLevel::kNothing) return;
  text = text.substr(0, kMaxLine);
  Current()->log(ToSpdlog(line_level), spdlog::string_view_t(text.data(), text.size()));
}

std::optional<LogLevel> ParseLogLevel(std::string_view name) {
  const auto* found = std::find(std::begin(kLevelNames), std::end(kLevelNames), name);
  if (found == std::end(kLevelNames)) return std::nullopt;
  return static_cast<LogLevel>(found - std::begin(kLevelNames));
}

void SetLogLevel(LogLevel level) { log_internal::level.store(level, std::memory_order_relaxed); }

void SetLogRole(LogRole new_role) { role.store(new_role, std::memory_order_relaxed); }

bool OpenLog(const std::string& new_path, std::string* error) {
  if (!new_path.empty() && !CanOpen(new_path, error)) return false;
  std::shared_ptr<spdlog::logger> logger;
  try {
    if (new_path.empty()) {
      logger = MakeLogger(std::make_shared<spdlog::sinks::stdout_sink_mt>());
    } else {
      logger = MakeLogger(std::make_shared<spdlog::sinks::basic_file_sink_mt>(new_path));
    }
  } catch (const spdlog::spdlog_ex& exception) {
    *error = exception.what();
    return false;
  }
  MutexLock lock(mutex);
  path = new_path;
  id = IdOf(new_path);
  reopening_failed = false;
  current = std::move(logger);
  return true;
}

void ReopenMovedLog() {
  std::string open_path;
  {
    MutexLock lock(mutex);
    if (path.empty() || IdOf(path) == id) return;
    open_path = path;
  }
  std::string error;
  if (OpenLog(open_path, &error)) return;
  {
    MutexLock lock(mutex);
    if (std::exchange(reopening_failed, true)) return;  // once is enough
  }
  Log(LogLevel::kWarning, error, "; going on in the one that was moved away");
}

}  // namespace larder
