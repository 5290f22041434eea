// SPDX-License-Identifier: Apache-2.0
#include "broker/script/function_host.h"

#include <algorithm>

#include "broker/protocol/words.h"
#include "broker/script/interpreter.h"

namespace leat {

size_t FunctionHost::AnyCaseHash::operator()(View name) const {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(lower(c))) * 0x100000001b3;
  return hash;
}

bool FunctionHost::AnyCaseEqual::operator()(View a, View b) const { return same_word(a, b); }

FunctionHost::FunctionHost(Options options) : options_(options) {}
FunctionHost::~FunctionHost() = default;

std::shared_ptr<Interpreter> FunctionHost::lua() {
  if (lua_ == nullptr) {
    lua_ = std::make_shared<Interpreter>(options_.memory_bytes_max, options_.seed, Interpreter::Runs::kFunctions);
  }
  return lua_;
}

const LibraryFunction* FunctionHost::find(View function) const {
  const auto found = by_name_.find(function);
  return found == by_name_.end() ? nullptr : found->second;
}

Result<std::shared_ptr<const Library>> FunctionHost::read(View text, CommandCaller& house) {
  auto source = read_library(text);
  if (!source.ok()) return source.status();
  // Whoever drops the library last gives its functions back, to the Lua state that it was run in.
  const auto give_back = [lua = lua()](Library* library) {
    for (const LibraryFunction& function : library->functions) lua->forget(function.reference);
    delete library;
  };
  const std::shared_ptr<Library> library(
      new Library{.name = std::move(source->name), .code = Bytes(text), .functions = {}}, give_back);
  if (Status run = lua()->run_library(source->code, library->functions, house); !run.ok()) return run;
  if (library->functions.empty()) return Status::error("ERR No functions registered");
  std::sort(library->functions.begin(), library->functions.end(),
            [](const LibraryFunction& a, const LibraryFunction& b) { return a.name < b.name; });
  return std::shared_ptr<const Library>(library);
}

std::shared_ptr<const Library> FunctionHost::unusable(View name, View text) {
  return std::make_shared<Library>(Library{.name = Bytes(name), .code = Bytes(text), .functions = {}});
}

void FunctionHost::put(std::shared_ptr<const Library> library) {
  drop(library->name);
  for (const LibraryFunction& function : library->functions) by_name_.emplace(function.name, &function);
  const Bytes& name = library->name;
  libraries_.emplace(name, std::move(library));
}

void FunctionHost::drop(View name) {
  const auto found = libraries_.find(name);
  if (found == libraries_.end()) return;
  for (const LibraryFunction& function : found->second->functions) {
    const auto named = by_name_.find(function.name);
    if (named != by_name_.end() && named->second == &function) by_name_.erase(named);
  }
  libraries_.erase(found);
}

void FunctionHost::clear() {
  by_name_.clear();
  libraries_.clear();
}

void FunctionHost::flush() {
  CHECK(lua_ == nullptr || !lua_->running());
  clear();
  lua_.reset();
}

Status FunctionHost::run(const LibraryFunction& function, const ScriptCall& call, CommandCaller& house,
                         ReplySink& reply) {
  return lua_->run_function(function, call, house, reply);
}

size_t FunctionHost::memory() const { return lua_ == nullptr ? 0 : lua_->memory().bytes(); }

size_t FunctionHost::cache_memory() const {
  size_t bytes = 0;
  for (const auto& [name, library] : libraries_) {
    bytes += sizeof(Library) + name.size() + library->code.size() + library->functions.size() * sizeof(LibraryFunction);
  }
  return bytes;
}

}  // namespace leat
