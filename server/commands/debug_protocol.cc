#include "server/commands/debug_protocol.h"

#include "server/base/strings.h"

namespace larder {
namespace {

void ThreeNumbers(Reply& reply) {
  for (int i = 0; i < 3; ++i) reply.Integer(i);
}

struct Example {
  std::string_view name;
  void (*write)(Reply& reply);
};

constexpr Example kExamples[] = {
    {"string", [](Reply& reply) { reply.Bulk("Hello World"); }},
    {"integer", [](Reply& reply) { reply.Integer(12345); }},
    {"double", [](Reply& reply) { reply.Double(3.141); }},
    {"bignum", [](Reply& reply) { reply.BigNumber("1234567999999999999999999999999999999"); }},
    {"null", [](Reply& reply) { reply.Null(); }},
    {"array",
     [](Reply& reply) {
       reply.Array(3);
       ThreeNumbers(reply);
     }},
    {"set",
     [](Reply& reply) {
       reply.Set(3);
       ThreeNumbers(reply);
     }},
    {"map",
     [](Reply& reply) {
       reply.Map(3);
       for (int i = 0; i < 3; ++i) {
         reply.Integer(i);
         reply.Bool(i == 1);
       }
     }},
    // An attribute is no reply: one follows it. RESP2 has none.
    {"attrib",
     [](Reply& reply) {
       if (reply.resp() >= 3) {
         reply.Raw("|1\r\n");
         reply.Bulk("key-popularity");
         reply.Array(2);
         reply.Bulk("key:123");
         reply.Integer(90);
       }
       reply.Bulk("Some real reply following the attribute");
     }},
    // Neither is a push.
    {"push",
     [](Reply& reply) {
       if (reply.resp() < 3) return reply.Error("ERR RESP2 is not supported by this command");
       reply.Push(2);
       reply.Bulk("server-cpu-usage");
       reply.Integer(42);
       reply.Bulk("Some real reply following the push reply");
     }},
    {"verbatim", [](Reply& reply) { reply.Verbatim("txt", "This is a verbatim\nstring"); }},
    {"true", [](Reply& reply) { reply.Bool(true); }},
    {"false", [](Reply& reply) { reply.Bool(false); }},
};

}  // namespace

void DebugProtocol(Context& c) {
  for (const Example& example : kExamples) {
    if (EqualsIgnoreCase(example.name, c.args[2])) return example.write(c.reply);
  }
  c.reply.Error(
      "ERR Wrong protocol type name. Please use one of the following: "
      "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

}  // namespace larder
