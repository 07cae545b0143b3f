// CommandTable: all rows, found by name. Built once at start from the rooms' spans, checked (a
// wrong row stops the start), then read-only: any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/command.h"

namespace larder {

struct Directive;  // server/config/directive.h

class CommandTable {
 public:
  // A line of a row's history, or why it is deprecated.
  struct Change {
    std::string_view version, text;
  };

  // CHECKs every row: name, arity, group, known parent, handler, keys, syntax, history, deprecated.
  explicit CommandTable(std::span<const std::span<const Command>> rows);

  // From now on clients find the command under the new name only; "": not at all, and its row is
  // reachable no more. Permissions and COMMAND go on naming it as its row does. The error in Redis'
  // words, or "". Only before any other thread has the table.
  std::string Rename(std::string_view from, std::string_view to);

  // The command or container with this name, in any case; null where there is none.
  const Command* Find(std::string_view name) const;
  // The subcommand, or null.
  const Command* FindSub(const Command& container, std::string_view name) const;
  // The row called "get" or "client|setname", in any case; null where there is none.
  const Command* FindByFullName(std::string_view full_name) const;
  // The row that these words call: a subcommand where the first word is a container.
  const Command* Resolve(Args args) const {
    const Command* command = Find(args[0]);
    if (command == nullptr || !(command->flags & kContainer) || args.size() < 2) return command;
    return FindSub(*command, args[1]);
  }

  // Rows in table order, those that Rename removed among them: permissions and counters know all; a
  // command's number is its place here.
  const std::vector<Command>& commands() const { return commands_; }
  size_t number(const Command& command) const {
    return static_cast<size_t>(&command - commands_.data());
  }
  // The rows that clients can call, with their subcommands, in table order.
  std::vector<const Command*> Reachable() const;
  std::vector<const Command*> ReachableTopLevel() const;  // of these the commands only
  std::vector<const Command*> SubcommandsOf(const Command& container) const;

  // "client|setname"; a command without parent is its name.
  static std::string FullName(const Command& command);
  // All categories: those of the row and those that follow from its flags.
  static uint32_t Categories(const Command& command);
  // The row of the directive that says who may use a protected command ("enable-debug-command").
  static const Directive* DirectiveOf(const Command& command);
  static std::vector<Change> ChangesOf(const Command& command);
  static Change DeprecationOf(const Command& command);  // only where the row has one

 private:
  struct Slot {
    uint64_t prefix = 0;  // of the name, see command_table.cc
    std::string_view name;
    const Command* command = nullptr;
  };
  void Check(const Command& command) const;
  void Index(std::string_view name, const Command& command);

  std::vector<Command> commands_;
  std::vector<Slot> slots_;  // open addressing over the lower-case names of top-level commands
  std::vector<const Command*> removed_;  // by Rename
  std::deque<std::string> new_names_;    // of Rename; the slots look at them
};

// The positions of the keys in `args` by the command's key specifications; wrong counts yield none.
// Appends indexes into `args`, at most kMostKeys. False when a key-count word is not a valid count.
bool FindKeys(const Command& command, Args args, std::vector<KeyPosition>& positions);

}  // namespace larder
