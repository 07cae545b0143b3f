// Plays the blocks of a transcript against a running server and collects what differs. One block
// starts from a flushed server, with fresh connections, and its `config:` lines set. Not
// thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/commands/transcript.h"
#include "tests/support/connection.h"

namespace larder::test {

struct Target {
  std::string name;  // "larder" or "redis", as in `only:`
  int port = 0;
};

class Player {
 public:
  // Record: replies are not compared but handed to `recorded`, to write a transcript from.
  using Recorded = std::function<void(const Step&, const std::vector<std::string>& actual)>;

  explicit Player(Target target, Recorded recorded = nullptr);

  // False for a block that this server cannot play.
  bool Plays(const Block& block) const;

  // What went wrong, ready to print; empty: nothing. Throws when the server is gone.
  std::string Play(const Block& block);

 private:
  struct Peer {
    std::unique_ptr<Connection> connection;
    std::deque<Value> pushes;  // arrived while a reply was awaited
    int unread = 0;            // commands whose reply nobody has read yet
  };

  void Begin(const Block& block);
  void End(const Block& block);
  void PlayStep(const Block& block, const Step& step);
  void PlayAwait(const Step& step, Peer& peer);
  void SendStep(const Step& step, Peer& peer);
  void Compare(const Step& step, const std::vector<std::string>& actual);
  void AwaitBlocked(Peer& peer, int blocked_before);
  std::vector<std::string> ReadReply(const Step& step, Peer& peer);
  Peer& PeerOf(const Block& block, const std::string& name);
  void SetConfig(const std::string& name, const std::string& value);
  int InfoNumber(const std::string& field);

  Target target_;
  Recorded recorded_;
  std::unique_ptr<Connection> control_;
  std::string version_;
  std::map<std::string, Peer> peers_;
  std::vector<std::pair<std::string, std::string>> old_config_;
};

}  // namespace larder::test
