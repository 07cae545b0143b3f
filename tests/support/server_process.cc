#include "tests/support/server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "tests/support/connection.h"

namespace larder::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kStartDeadline = 20s;
constexpr auto kStopDeadline = 20s;

std::filesystem::path TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "larder-test-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  return name;
}

void ReplacePort(std::string& word, int port) {
  constexpr std::string_view kMark = "{port}";
  const size_t at = word.find(kMark);
  if (at != std::string::npos) word.replace(at, kMark.size(), std::to_string(port));
}

// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void Exec(std::vector<char*>& argv, const char* folder, const char* output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (chdir(folder) != 0) _exit(126);
  const int fd = open(output, O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(fd, STDOUT_FILENO);
  dup2(fd, STDERR_FILENO);
  execvp(argv[0], argv.data());
  _exit(127);
}

int ExitStatus(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

std::string LarderServer() {
  const char* path = std::getenv("LARDER_SERVER");
  return std::filesystem::absolute(path ? path : "build/larder-server").string();
}

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool bound =
      fd >= 0 && bind(fd, generic, size) == 0 && getsockname(fd, generic, &size) == 0;
  close(fd);
  if (!bound) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

ServerProcess::ServerProcess(std::vector<std::string> command)
    : port_(FreePort()), folder_(TemporaryFolder()) {
  std::vector<char*> argv;
  for (std::string& word : command) {
    ReplacePort(word, port_);
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  const std::string output = (folder_ / "output").string();
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) Exec(argv, folder_.c_str(), output.c_str());
  AwaitPong();
}

ServerProcess::~ServerProcess() {
  Stop();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void ServerProcess::AwaitPong() {
  const Clock::time_point end = Clock::now() + kStartDeadline;
  while (Clock::now() < end) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      throw std::runtime_error("the server ended at once, status " +
                               std::to_string(ExitStatus(status)) + ":\n" + Output());
    }
    try {
      Connection(port_).Call({"PING"});  // PONG, or that a password is needed
      return;
    } catch (const std::runtime_error&) {
      // Not listening yet.
    }
    std::this_thread::sleep_for(5ms);
  }
  const std::string output = Output();
  Stop();
  throw std::runtime_error("the server does not answer PING:\n" + output);
}

int ServerProcess::Stop() {
  if (pid_ < 0) return 0;
  kill(pid_, SIGTERM);
  const Clock::time_point end = Clock::now() + kStopDeadline;
  int status = 0;
  while (waitpid(pid_, &status, WNOHANG) == 0) {
    if (Clock::now() > end) kill(pid_, SIGKILL);
    std::this_thread::sleep_for(2ms);
  }
  pid_ = -1;
  return ExitStatus(status);
}

std::string ServerProcess::Output() const {
  std::ifstream file(folder_ / "output");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  return text.size() > 8192 ? text.substr(text.size() - 8192) : text;
}

}  // namespace larder::test
