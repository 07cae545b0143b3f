// TEMPORARY poll loop for trying commands out, until server/net lands (then server/server.cc wires the rooms).
#include <poll.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <csignal>
#include <cstdio>
#include <map>
#include <string>
#include "protocol/request_parser.h"
#include "server/base/clock.h"
#include "server/commands/commands.h"
#include "server/engine/engine.h"
#include "server/engine/keeper.h"
#ifdef SCRIPT
#include "server/script/scripts.h"
#endif
using namespace larder;
struct Box : Mailbox { int p[2]; Box(){ if(pipe(p)){} } void Wake() override { char c=0; if(write(p[1],&c,1)){} } };
struct Conn { int fd; std::unique_ptr<Client> c; RequestParser p; std::string in; };
int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  std::vector<std::string> a(argv + 1, argv + argc);
  Config config; std::string err;
  if (!config.Load(a, &err)) { fprintf(stderr, "%s\n", err.c_str()); return 1; }
  auto rows = AllCommands();
  Engine engine(config, rows);
#ifdef SCRIPT
  Scripts scripts(engine); engine.scripts = &scripts;
#endif
  engine.port = int(int64_t{config.settings().port});
  bool stop=false; engine.request_shutdown = [&](bool,bool){ stop=true; };
  { Keeper keeper(engine);
  Worker worker(engine.gate, engine.stats.AddWorker());
  Box box;
  int ls = socket(AF_INET, SOCK_STREAM, 0), one = 1; setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, 4);
  sockaddr_in sa{}; sa.sin_family = AF_INET; sa.sin_port = htons(static_cast<uint16_t>(engine.port)); sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(ls, (sockaddr*)&sa, sizeof sa) || listen(ls, 500)) { perror("Failed listening on port"); return 1; }
  printf(" PID: %d\nReady to accept connections\n", getpid()); fflush(stdout);
  std::map<int, Conn> conns; std::vector<std::string_view> args;
  while (!stop) {
    std::vector<pollfd> fds{{ls, POLLIN, 0}, {box.p[0], POLLIN, 0}};
    for (auto& [fd, c] : conns) fds.push_back({fd, POLLIN, 0});
    poll(fds.data(), fds.size(), 10);
    worker.now_ms = WallMs();
    engine.gate.EnterWaiting(worker.gate_slot);
    if (fds[1].revents) { char b[256]; if(read(box.p[0], b, 256)){} }
    for (Letter* l = box.TakeAll(); l;) { for (auto& [fd, c] : conns) if (c.c->id == l->client_id) { if (l->kind == Letter::Kind::kReply) engine.Resume(*c.c, *l); else if (l->kind==Letter::Kind::kClose) c.c->close_after_reply=true; else c.c->out.Take(std::move(l->out)); } delete std::exchange(l, l->next); }
    if (fds[0].revents) { int fd = accept(ls, 0, 0); setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, 4); Conn& c = conns[fd]; c.fd = fd; c.c = std::make_unique<Client>(engine.clients.NewId(), &box);
      sockaddr_in peer{}; socklen_t pl=sizeof peer; getpeername(fd,(sockaddr*)&peer,&pl);
      c.c->address = "127.0.0.1:"+std::to_string(ntohs(peer.sin_port)); c.c->local_address="127.0.0.1:"+std::to_string(engine.port); c.c->fd=fd; c.c->connected_ms=worker.now_ms; c.c->authenticated = config.Text("requirepass").empty(); worker.stats.connections.Add(1); engine.clients.Add(*c.c); }
    std::vector<int> gone; std::map<int,short> rev; for (auto& f : fds) rev[f.fd]=f.revents;
    for (auto& [fd, c] : conns) {
      bool close_it = false; 
      if (c.c->waiter && c.c->waiter->deadline_ms && c.c->waiter->deadline_ms <= WallMs()) engine.TimeOut(worker, *c.c);
      if (rev.count(fd) && rev[fd]) { static char buf[1 << 20]; ssize_t n = read(fd, buf, sizeof buf); if (n <= 0) close_it = true; else c.in.append(buf, n); }
      size_t at = 0;
      while (!close_it && !c.c->waiter && at < c.in.size()) {
        size_t used = 0; RequestParser::Limits lim; lim.bulk_bytes=config.settings().proto_max_bulk_bytes; lim.authenticated=c.c->authenticated;
        auto r = c.p.Next(std::string_view(c.in).substr(at), lim, args, &used);
        if (r == RequestParser::Result::kNeedMore) break;
        if (r == RequestParser::Result::kError) { Reply(c.c->out, 2).Error(c.p.error()); at = c.in.size(); c.c->close_after_reply=true; break; }
        if (r == RequestParser::Result::kRequest) { auto o = engine.Execute(worker, *c.c, args); if (o == Engine::Outcome::kClose) close_it = true; worker.TakeAdopted(); }
        at += used; if (close_it) break;
      }
      c.in.erase(0, at);
      auto& out = c.c->out; if (!out.empty()) { std::string s; size_t p = 0; for (auto& sp : out.splices()) { s.append(out.bytes(), p, sp.at - p); p = sp.at; s.append(sp.blob->view()); } s.append(out.bytes(), p); out.Clear(); size_t d = 0; while (d < s.size()) { ssize_t n = send(fd, s.data() + d, s.size() - d, 0); if (n <= 0) { close_it = true; break; } d += n; } }
      if (c.c->close_after_reply) close_it=true;
      if (close_it) gone.push_back(fd);
    }
    for (int fd : gone) { Conn& c = conns[fd]; engine.Forget(worker, *c.c); engine.clients.Remove(*c.c); close(fd); conns.erase(fd); }
    engine.gate.Leave(worker.gate_slot);
  }}
  _exit(0);
}
