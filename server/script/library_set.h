// LibrarySet: libraries of functions by name, and their functions by name in any case. A plain
// container: one thread at a time, and nothing of Lua but the numbers by which the interpreter
// knows the functions.
//
// Invariant: no two libraries of the set have functions whose names differ at most in case. Those
// of one library may: all are kept, but calls find the first one.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/string_map.h"

namespace larder {

struct Function {
  std::string name;
  std::optional<std::string> description;
  uint32_t flags = 0;  // ScriptFlag bits
  int number = 0;      // what the interpreter knows it by
};

struct FunctionLibrary {
  std::string name;
  std::string source;  // all of it, the first line included
  std::vector<Function> functions;

  size_t memory_bytes() const;
};

class LibrarySet {
 public:
  using ByName = std::map<std::string, std::unique_ptr<FunctionLibrary>, std::less<>>;

  const FunctionLibrary* Find(std::string_view name) const;
  const Function* FindFunction(std::string_view name) const;

  // REQUIRES: neither the library nor one of its functions is in the set.
  void Add(std::unique_ptr<FunctionLibrary> library);
  // Null where there is none.
  std::unique_ptr<FunctionLibrary> Remove(std::string_view name);

  // Why the libraries of `other` can't be joined to these ("ERR ..."): one of the same name is
  // there and must not be replaced, or a function of another library has the same name. Or empty.
  std::string RefuseJoin(const LibrarySet& other, bool replace) const;
  // Takes all libraries of `other` in; returns those of the same name, which go. REQUIRES:
  // RefuseJoin() was empty.
  std::vector<std::unique_ptr<FunctionLibrary>> Join(LibrarySet other);

  const ByName& libraries() const { return libraries_; }
  size_t functions() const;
  size_t memory_bytes() const;

 private:
  struct Place {
    const FunctionLibrary* library;
    const Function* function;
  };
  // The first function of `library` whose name a library of this set has that stays when `coming`
  // joins it; null: none.
  const Function* Collision(const FunctionLibrary& library, const LibrarySet& coming) const;

  ByName libraries_;
  StringMap<Place> functions_;  // what calls find, by name in lower case
};

}  // namespace larder
