#include "server/script/library_set.h"

#include "server/base/check.h"
#include "server/base/strings.h"

namespace larder {

size_t FunctionLibrary::memory_bytes() const {
  size_t bytes = sizeof(*this) + name.capacity() + source.capacity();
  for (const Function& function : functions) {
    bytes += sizeof(function) + function.name.capacity();
    if (function.description) bytes += function.description->capacity();
  }
  return bytes;
}

const FunctionLibrary* LibrarySet::Find(std::string_view name) const {
  const auto found = libraries_.find(name);
  return found == libraries_.end() ? nullptr : found->second.get();
}

const Function* LibrarySet::FindFunction(std::string_view name) const {
  const auto found = functions_.find(ToLower(name));
  return found == functions_.end() ? nullptr : found->second.function;
}

const Function* LibrarySet::Collision(const FunctionLibrary& library,
                                      const LibrarySet& coming) const {
  for (const Function& function : library.functions) {
    const auto found = functions_.find(ToLower(function.name));
    if (found == functions_.end()) continue;
    if (coming.Find(found->second.library->name) == nullptr) return &function;
  }
  return nullptr;
}

void LibrarySet::Add(std::unique_ptr<FunctionLibrary> library) {
  for (const Function& function : library->functions) {
    const auto [found, is_new] =
        functions_.try_emplace(ToLower(function.name), Place{library.get(), &function});
    CHECK(is_new || found->second.library == library.get());
  }
  std::string name = library->name;
  CHECK(libraries_.try_emplace(std::move(name), std::move(library)).second);
}

std::unique_ptr<FunctionLibrary> LibrarySet::Remove(std::string_view name) {
  const auto found = libraries_.find(name);
  if (found == libraries_.end()) return nullptr;
  std::unique_ptr<FunctionLibrary> library = std::move(found->second);
  for (const Function& function : library->functions) functions_.erase(ToLower(function.name));
  libraries_.erase(found);
  return library;
}

std::string LibrarySet::RefuseJoin(const LibrarySet& other, bool replace) const {
  for (const auto& [name, library] : other.libraries_) {
    if (!replace && Find(name) != nullptr) return StrCat("ERR Library ", name, " already exists");
  }
  for (const auto& [name, library] : other.libraries_) {
    if (const Function* function = Collision(*library, other)) {
      return StrCat("ERR Function ", function->name, " already exists");
    }
  }
  return {};
}

std::vector<std::unique_ptr<FunctionLibrary>> LibrarySet::Join(LibrarySet other) {
  std::vector<std::unique_ptr<FunctionLibrary>> replaced;
  for (const auto& [name, library] : other.libraries_) {
    if (std::unique_ptr<FunctionLibrary> old = Remove(name)) replaced.push_back(std::move(old));
  }
  for (auto& [name, library] : other.libraries_) Add(std::move(library));
  return replaced;
}

size_t LibrarySet::functions() const {
  size_t count = 0;
  for (const auto& [name, library] : libraries_) count += library->functions.size();
  return count;
}

size_t LibrarySet::memory_bytes() const {
  size_t bytes = functions_.capacity() * (sizeof(std::string) + sizeof(Place));
  for (const auto& [name, library] : libraries_) bytes += library->memory_bytes();
  return bytes;
}

}  // namespace larder
