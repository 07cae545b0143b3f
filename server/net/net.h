// Net: the server's sockets and the threads that serve them. It turns bytes into requests for the
// engine and the engine's replies into bytes; what a command means it does not know.
//
//   Net net(engine);
//   if (!net.Listen(&error)) ...     // binds; the address is ours, nobody is answered yet
//   net.Start();                     // threads run
//   net.Stop();                      // replies to what was read, then closes; joins the threads
//
// One thread (the server's main thread) calls Listen, Start and Stop; port() any thread. Stop must
// not be called from a network thread: SHUTDOWN asks the main thread to do it
// (Engine::request_shutdown).
#pragma once

#include <memory>
#include <string>

namespace larder {

class Engine;

class Net {
 public:
  // `engine` outlives the Net. The number of loops is engine.io_threads; everything else comes from
  // engine.config. Registers itself with the configuration and with the gate: before threads start.
  explicit Net(Engine& engine);
  ~Net();  // stops
  Net(const Net&) = delete;
  Net& operator=(const Net&) = delete;

  // Raises the limit of open files for maxclients (or lowers maxclients, with one log line) and
  // binds every address and the Unix socket. False with the reason, as one sentence.
  bool Listen(std::string* error);
  void Start();
  // Stops accepting, executes what clients have sent, sends the replies and closes every connection
  // between two requests. Whoever reads nothing for a second is cut off, after shutdown-timeout (0
  // for `now`) whoever has not read everything; then a script that still runs is ended. May be
  // called twice.
  void Stop(bool now = false);

  // The TCP port in use: the kernel's choice when the configuration says 0 and `port` is asked for
  // by ListenAnywhere(); 0: no TCP.
  int port() const;
  // For embedding and tests: with `port 0`, listen on a free port instead of on none.
  void ListenAnywhere();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace larder
