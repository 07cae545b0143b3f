// Process: what larder-server owes the system it runs on: the log file, going to the background,
// the pid file, a report when it crashes, signals, systemd. Main thread.
#pragma once

#include <atomic>
#include <string>
#include <thread>

namespace larder {

class Server;

class Process {
 public:
  // REQUIRES: the server's configuration is loaded, no thread was started.
  explicit Process(Server& server);
  ~Process();  // ends the signals' thread, removes the pid file
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Opens the log, goes to the background where asked to, and from here on turns SIGTERM and SIGINT
  // into a shutdown. False, with the reason.
  bool Begin(std::string* error);
  // The server has its addresses, and is about to load: writes the pid file, which before may be
  // that of another one, who has them, and tells whoever supervises.
  void Listening();
  // The server serves: says so to the log and to whoever supervises.
  void Ready();
  // The server is about to stop.
  void Stopping();

 private:
  void HandleSignals();

  Server& server_;
  bool to_background_ = false;
  std::string pid_file_;
  std::thread signals_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> ending_{false};
};

}  // namespace larder
