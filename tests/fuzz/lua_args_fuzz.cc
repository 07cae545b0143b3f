// Bytes become the arguments of scripts that unpack, decode and hand them to commands, and the
// reply of a command: whatever they are, a script ends with one whole reply. The first byte chooses
// the script.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "protocol/reply_parser.h"
#include "server/base/check.h"
#include "server/script/interpreter.h"

namespace larder {
namespace {

constexpr std::string_view kScripts[] = {
    "return {cmsgpack.unpack(ARGV[1])}",
    "return {cmsgpack.unpack_limit(ARGV[1], 3, #ARGV[1] % 5)}",
    "return cmsgpack.pack(cmsgpack.unpack(ARGV[1]))",
    "return cjson.decode(ARGV[1])",
    "return cjson.encode(cjson.decode(ARGV[1]))",
    "local n = #ARGV[1] / 2 return {struct.unpack(ARGV[1]:sub(1, n), ARGV[1]:sub(n + 1))}",
    "return struct.pack(ARGV[1], 1, -2, 3.5, 'four', 5, 6, 7, 8)",
    "return struct.size(ARGV[1])",
    "return redis.call('x', ARGV[1], #ARGV[1], #ARGV[1] / 3)",
    "redis.setresp(3) return redis.call('x')",
    "return redis.error_reply(ARGV[1])",
    "return {ok = ARGV[1]}",
    "return {big_number = ARGV[1], verbatim_string = {string = ARGV[1], format = ARGV[1]}}",
    "return {loadstring(ARGV[1])}",
    "return {pcall(string.format, ARGV[1], 1, 2, 3, 'x')}",
    "return bit.tohex(#ARGV[1], ARGV[1]:byte() * 2 ^ 24)",
};

// Collects all garbage, and makes just so much that the collector starts early in the next run: it
// meets what every input makes, and none inherits the garbage of another, which libFuzzer would
// take for a leak and look for through the whole heap.
constexpr std::string_view kSettle =
    "collectgarbage() "
    "local room = collectgarbage('count') * 1.5 - 4 "  // the collector waits for 250 per cent
    "return #string.rep(string.rep('x', 1024), room)";

class EchoServer : public ServerApi {
 public:
  explicit EchoServer(std::string_view reply) : reply_(reply) {}
  CallResult Call(Args args) override {
    CHECK(!args.empty());
    return {.reply = reply_, .refusal = {}};
  }
  Permission Check(Args) override { return Permission::kAllowed; }
  int resp() const override { return resp_; }
  void set_resp(int resp) override { resp_ = resp; }
  void set_replicates(bool) override {}
  void CountError(std::string_view) override {}
  std::string_view ReasonToStop() override { return ++checks_ > 20 ? "ERR too long" : ""; }

 private:
  const std::string_view reply_;
  int resp_ = 2;
  int checks_ = 0;
};

void Play(Interpreter& interpreter, int function, std::string_view input, int resp) {
  // What a command answers is always whole.
  size_t size;
  const bool whole = ReplySize(input, &size) == ParseResult::kItem;
  EchoServer server(whole ? input.substr(0, size) : "+OK\r\n");
  OutputBuffer out;
  Reply reply(out, resp);
  const std::vector<std::string_view> arguments = {input};
  interpreter.Run({.function = function,
                   .name = "fuzz",
                   .keys = {},
                   .arguments = arguments,
                   .server = server,
                   .reply = reply});
  const std::string answer = out.Flatten();
  CHECK(ReplySize(answer, &size) == ParseResult::kItem);
  CHECK(size == answer.size());
}

}  // namespace
}  // namespace larder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace larder;
  if (size < 2) return 0;
  static Interpreter interpreter(Interpreter::Kind::kScripts);
  static const auto compile = [](std::string_view script) {
    std::string error;
    const int function = interpreter.Compile(script, &error);
    CHECK(function != 0);
    return function;
  };
  static const std::vector<int> functions = [] {
    std::vector<int> compiled;
    for (std::string_view script : kScripts) compiled.push_back(compile(script));
    return compiled;
  }();
  static const int settle = [] {
    const int function = compile(kSettle);
    Play(interpreter, function, {}, 2);
    return function;
  }();
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  Play(interpreter, functions[data[0] % functions.size()], input, 2 + (data[0] >> 7));
  Play(interpreter, settle, {}, 2);
  return 0;
}
