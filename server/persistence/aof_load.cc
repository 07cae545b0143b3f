#include "server/persistence/aof_load.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "protocol/rdb_format.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/quote.h"
#include "server/base/strings.h"
#include "server/engine/engine.h"
#include "server/engine/refusals.h"
#include "server/persistence/command_reader.h"
#include "server/persistence/key_delay.h"
#include "server/persistence/snapshot_file.h"

namespace larder {
namespace {

constexpr uint64_t kMostComplaints = 10;  // lines in the log about commands that went wrong
constexpr uint64_t kClockEvery = 1024;    // commands between two looks at the clock

// The beginning of it, without bytes that would spoil the log.
std::string Shown(std::string_view text) { return Printable(text.substr(0, 128)); }

}  // namespace

AofLoad::AofLoad(Engine& engine, Worker& worker, Options options)
    : engine_(engine), worker_(worker), options_(std::move(options)) {
  client_ = std::make_unique<Client>(engine.clients.NewId(), nullptr);
  client_->replicates = false;
  client_->in_exec = true;  // nothing waits, and the locks are ours
  client_->link = Client::Link::kPrimary;
}

AofLoad::~AofLoad() = default;

AofLoad::Result AofLoad::Fail(std::string error) {
  error_ = std::move(error);
  return Result::kFailed;
}

AofLoad::Result AofLoad::Load(const std::string& path) {
  queue_.clear();
  queueing_ = false;
  client_->db = 0;
  uint64_t begin = 0;
  if (!LoadPreamble(path, &begin)) return Result::kFailed;
  FileSource file(path);
  if (!file.Seek(begin)) {
    return Fail(StrCat("can't read the append only file ", path, ": ", std::strerror(errno)));
  }
  Report(begin);
  CommandReader reader(file, begin);
  std::vector<std::string_view> words;
  uint64_t whole = begin;  // where what has run ends
  for (;;) {
    if (options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed)) {
      return Fail("it was stopped");
    }
    if (commands_ % kClockEvery == 0) worker_.now_ms = WallMs();
    const CommandReader::Result read = reader.Next(words);
    // Not the end of the file, though it looks like that: nothing is cut off here.
    if (file.error() != 0) {
      return Fail(StrCat("Unrecoverable error reading the append only file ", path, ": ",
                         std::strerror(file.error())));
    }
    switch (read) {
      case CommandReader::Result::kRequest:
        if (!Next(words)) return Fail(StrCat(error_, path, " before offset ", reader.position()));
        if (!queueing_) whole = reader.position();
        Report(reader.position());
        break;
      case CommandReader::Result::kEnd:
        before_ += reader.position();
        if (!queueing_) return Result::kWhole;
        Log(LogLevel::kWarning, "Revert incomplete MULTI/EXEC transaction in AOF file ", path);
        return Cut(path, whole);
      case CommandReader::Result::kTruncated:
        return Cut(path, whole);
      case CommandReader::Result::kMalformed:
        return Fail(StrCat("Bad file format reading the append only file ", path, " at offset ",
                           reader.position(),
                           ": make a backup of your AOF file, then use redis-check-aof --fix "
                           "<filename.manifest>"));
    }
  }
}

void AofLoad::Report(uint64_t position) {
  if (options_.progress == nullptr) return;
  options_.progress->store(before_ + position, std::memory_order_relaxed);
}

// A file that begins as RDB: what follows is commands.
bool AofLoad::LoadPreamble(const std::string& path, uint64_t* size) {
  FileSource file(path);
  std::string magic(rdb::kMagic.size(), '\0');
  magic.resize(file.ReadFully(magic.data(), magic.size()));
  if (magic != rdb::kMagic || !file.Seek(0)) return true;
  std::string error;
  if (options_.load_rdb(file, size, &error)) return true;
  if (file.error() != 0) error = std::strerror(file.error());
  Fail(StrCat("Error reading the RDB base file ", path, ", AOF loading aborted: ", error));
  return false;
}

AofLoad::Result AofLoad::Cut(const std::string& path, uint64_t size) {
  if (options_.cut_truncated) {
    Log(LogLevel::kWarning, "!!! Warning: short read while loading the AOF file ", path, "!!!");
    Log(LogLevel::kWarning, "!!! Truncating the AOF ", path, " at offset ", size, " !!!");
    if (truncate(path.c_str(), static_cast<off_t>(size)) == 0) {
      Log(LogLevel::kWarning, "AOF ", path, " loaded anyway because aof-load-truncated is enabled");
      return Result::kTruncated;
    }
    return Fail(StrCat("Error truncating the AOF file ", path, ": ", std::strerror(errno)));
  }
  return Fail(StrCat("Unexpected end of file reading the append only file ", path, " at offset ",
                     size,
                     ". You can: 1) Make a backup of your AOF file, then use redis-check-aof "
                     "--fix <filename.manifest>. 2) Alternatively you can set the "
                     "'aof-load-truncated' configuration option to yes and restart the server."));
}

bool AofLoad::Next(Args words) {
  if (EqualsIgnoreCase(words[0], "ping") || EqualsIgnoreCase(words[0], "replconf")) {
    return true;
  }
  if (EqualsIgnoreCase(words[0], "multi")) return queueing_ = true;
  if (EqualsIgnoreCase(words[0], "exec")) {
    queueing_ = false;
    std::vector<std::string_view> views;
    for (const std::vector<std::string>& queued : queue_) {
      views.assign(queued.begin(), queued.end());
      if (!Run(views)) return false;
    }
    queue_.clear();
    return true;
  }
  if (queueing_) {
    queue_.emplace_back(words.begin(), words.end());
    return true;
  }
  return Run(words);
}

bool AofLoad::Run(Args words) {
  const Command* command = engine_.commands.Resolve(words);
  if (command == nullptr || !ArityFits(*command, words.size())) {
    error_ = StrCat(command == nullptr ? "Unknown command '" : "Wrong number of words for '",
                    Shown(words[0]), "' reading the append only file ");
    return false;
  }
  ++commands_;
  if (!BelongsToHistory(*command)) return true;
  KeyLock all(engine_.keyspace, KeyLock::Exclusive());
  ReadyKeys ready;
  Reply reply(client_->out, 2);
  engine_.Run(worker_, *client_, *command, words, all, reply, ready);
  const std::string_view answer = client_->out.bytes().view();
  const bool failed = answer.starts_with('-');
  if (failed && complaints_++ < kMostComplaints) {
    Log(LogLevel::kWarning, "Loading the append only file, ", Shown(words[0]), " was answered ",
        Shown(answer));
  }
  client_->out.Clear();
  if (failed && command->name == "select") {
    error_ = StrCat("Database ", Shown(words[1]), " of ", engine_.keyspace.databases(),
                    ", the directive databases must be larger, reading the append only file ");
    return false;
  }
  if (options_.command_delay_us != 0) [[unlikely]]
    RestAfterKey(options_.command_delay_us, commands_, options_.stop);
  return true;
}

}  // namespace larder
