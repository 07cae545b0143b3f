// Server: a whole larder in an object. Options in, Start, port, Stop; several of them live in one
// process, and nothing of them is global but the logger and the counters of the heap: used_memory,
// and with it maxmemory, is about the whole process, which they share. The program larder-server is
// this plus what a process owes its system (server/process.h).
//
//   larder::Server server({.arguments = {"--maxmemory", "64mb"}});
//   std::string error;
//   if (!server.Start(&error)) { ... }
//   Connect("127.0.0.1", server.port());
//
// It lives once. Load, Listen and Start are taken once each, in this order; a later one takes those
// before it that were left out. One that fails, and Stop, end the server: its port is free, and
// from then on they say false, with a sentence. To try again make another one.
//
// One thread calls Load, Listen, Start, Wait and Stop; RequestShutdown any thread, at any time;
// port() any thread, once Listen or Start has returned.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace larder {

class Config;

struct ServerOptions {
  // As larder-server takes them: an optional configuration file, then --directive value ...
  std::vector<std::string> arguments;
  // 0: any free port; none: what the arguments say, 6379 by default.
  std::optional<int> port = 0;
};

class Server {
 public:
  explicit Server(ServerOptions options = {});
  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Reads the configuration; Start does it otherwise. False, with a sentence for the user, when
  // something in it is wrong.
  bool Load(std::string* error);
  Config& config();

  // Binds the addresses; Start does it otherwise. False, with the reason, when one can't be had.
  bool Listen(std::string* error);
  // Starts to serve and loads the data set. False, with the reason, when the file on disk is
  // damaged.
  bool Start(std::string* error);
  // Behind Start: not where a shutdown was requested that has stopped the loading.
  bool serves() const { return serves_; }
  // The TCP port it listens on; 0: none.
  int port() const;

  // Blocks until SHUTDOWN or RequestShutdown, and what there is to save is saved. A script that
  // runs is let to its end first, however long that takes; meanwhile SCRIPT KILL and, once it is
  // busy, SHUTDOWN NOSAVE end it. Returns at once where the server does not run.
  void Wait();
  // What was requested before Start holds for the first Wait.
  void RequestShutdown();
  // The same as SHUTDOWN with these words, "nosave force"; it may fail, and the server goes on. Of
  // several the first decides. An append-only file that is to get its first base gets it.
  void RequestShutdown(std::string words);
  // It saves, or waits for a script or for replicas, because it is about to stop; any thread.
  bool saving_to_stop() const;
  // For who ends the process instead of waiting for that; any thread.
  void DropUnfinishedFiles() const;
  // Stops accepting, executes what was read, sends the replies, closes between requests. A script
  // gets as long as clients that read slowly: shutdown-timeout, or nothing after SHUTDOWN NOW. Then
  // it is ended, and nothing of it gets into the append-only file or to a replica. Idempotent.
  void Stop();

 private:
  struct Rooms;
  enum class State : uint8_t { kNew, kLoaded, kListening, kRunning, kEnded };

  // Takes the steps to a state that are left.
  bool Reach(State wanted, std::string* error);
  bool ReadConfiguration(std::string* error);
  bool Bind(std::string* error);
  bool Serve(std::string* error);

  const ServerOptions options_;
  State state_ = State::kNew;
  bool serves_ = false;
  std::unique_ptr<Rooms> rooms_;
};

}  // namespace larder
