// SPDX-License-Identifier: Apache-2.0
#include "broker/script/script_host.h"

#include <xxhash.h>

#include <list>
#include <unordered_map>

#include "broker/script/interpreter.h"

namespace leat {

constexpr size_t kUsedKept = 500;  // scripts that only EVAL brought; Redis 7.4's number
constexpr size_t kCompiledPerSourceByte = 1;  // measured over BullMQ's 64 scripts: 349 kB of 405 kB

struct Script {
  Sha1::Digest digest;
  Sha1::Hex sha;
  Bytes body;
  ScriptFlags flags;
  Interpreter::Function function;
  // Its place among those kept while they are used; nothing where it stays until it is flushed.
  std::optional<std::list<Script*>::iterator> used = std::nullopt;
};

struct DigestHash {  // the digest is a hash already
  size_t operator()(const Sha1::Digest& digest) const {
    return get_fixed<size_t>(reinterpret_cast<const char*>(digest.data()));
  }
};
struct SameHash {
  size_t operator()(uint64_t hash) const { return hash; }
};

static Status no_room() {
  return Status::error(
      "ERR Error compiling script (new function): not enough memory for more scripts; SCRIPT FLUSH forgets those that are "
      "kept");
}

struct ScriptHost::State {
  explicit State(Options given) : options(given), interpreter(make(given.seed)) {}

  std::unique_ptr<Interpreter> make(uint64_t seed) const {
    return std::make_unique<Interpreter>(options.memory_bytes_max, seed, Interpreter::Runs::kScripts);
  }

  Script* find(View sha) {
    Sha1::Digest digest;
    if (!Sha1::parse(sha, digest)) return nullptr;
    const auto found = scripts.find(digest);
    return found == scripts.end() ? nullptr : &found->second;
  }

  Script* find_body(View body) {
    const auto seen = by_body.find(XXH3_64bits(body.data(), body.size()));
    if (seen != by_body.end() && seen->second->body == body) return seen->second;
    const auto known = scripts.find(sha1.digest(body));
    return known == scripts.end() ? nullptr : &known->second;
  }

  Script* keep(const Sha1::Digest& digest, View body, const ScriptFlags& flags, Interpreter::Function function) {
    Script* const script =
        &scripts.emplace(digest, Script{digest, Sha1::hex(digest), Bytes(body), flags, function}).first->second;
    by_body.emplace(XXH3_64bits(body.data(), body.size()), script);
    body_bytes += body.size();
    return script;
  }

  void note_use(Script& script) {
    if (script.used) used.splice(used.end(), used, *script.used);
  }

  void keep_until_flush(Script& script) {
    if (script.used) used.erase(*script.used);
    script.used.reset();
  }

  void keep_while_used(Script& script) {
    if (used.size() == kUsedKept) evict(*used.front());
    script.used = used.insert(used.end(), &script);
  }

  // Compiles, if need be at the expense of what is kept only while it is used.
  Result<Interpreter::Function> compile(View code, size_t body) {
    if (!fits(body)) evict_used();
    if (!fits(body)) return no_room();
    auto function = interpreter->compile(code);
    if (!function.ok() || interpreter->leaves_room()) return function;
    evict_used();
    if (interpreter->leaves_room()) return function;
    interpreter->forget(function->reference);
    return no_room();
  }

  bool fits(size_t body) const { return body_bytes + body <= options.memory_bytes_max / 2; }

  void evict_used() {
    while (!used.empty()) evict(*used.front());
  }

  void evict(Script& script) {
    ++evicted;
    used.erase(*script.used);
    interpreter->forget(script.function.reference);
    body_bytes -= script.body.size();
    const auto seen = by_body.find(XXH3_64bits(script.body.data(), script.body.size()));
    if (seen != by_body.end() && seen->second == &script) by_body.erase(seen);
    scripts.erase(script.digest);
  }

  Options options;
  std::unique_ptr<Interpreter> interpreter;
  Sha1 sha1;
  std::unordered_map<Sha1::Digest, Script, DigestHash> scripts;  // nodes stay where they are
  // By a quick hash of the body, so that a body that was seen is not hashed with SHA-1 again. A script whose quick
  // hash is taken is simply not in here.
  std::unordered_map<uint64_t, Script*, SameHash> by_body;
  std::list<Script*> used;  // kept while they are; the least recently used first
  size_t body_bytes = 0;
  uint64_t evicted = 0;
};

ScriptHost::ScriptHost(Options options) : state_(std::make_unique<State>(options)) {}
ScriptHost::~ScriptHost() = default;

static View view_of(const Sha1::Hex& hex) { return View(hex.data(), hex.size()); }

Result<View> ScriptHost::load(View body, Keep keep) {
  if (Script* known = state_->find_body(body); known != nullptr) {
    if (keep == Keep::kUntilFlush) state_->keep_until_flush(*known);
    return view_of(known->sha);
  }
  const auto source = read_shebang(body);
  if (!source.ok()) return source.status();
  const auto function = state_->compile(source->code, body.size());
  if (!function.ok()) return function.status();
  Script* const script = state_->keep(state_->sha1.digest(body), body, source->flags, *function);
  if (keep == Keep::kWhileUsed) state_->keep_while_used(*script);
  return view_of(script->sha);
}

bool ScriptHost::knows(View sha) const { return state_->find(sha) != nullptr; }

std::optional<ScriptFlags> ScriptHost::flags(View sha) const {
  const Script* script = state_->find(sha);
  if (script == nullptr) return std::nullopt;
  return script->flags;
}

// With a new state everything goes that scripts could have left in the old one.
void ScriptHost::flush() {
  CHECK(!state_->interpreter->running());
  state_->by_body.clear();
  state_->used.clear();
  state_->scripts.clear();
  state_->body_bytes = 0;
  state_->interpreter = state_->make(state_->interpreter->next_random());
}

size_t ScriptHost::scripts() const { return state_->scripts.size(); }
uint64_t ScriptHost::evicted() const { return state_->evicted; }
void ScriptHost::count_evicted_anew() { state_->evicted = 0; }
size_t ScriptHost::memory() const { return state_->interpreter->memory().bytes(); }
size_t ScriptHost::cache_memory() const {
  return state_->body_bytes * (1 + kCompiledPerSourceByte) + state_->scripts.size() * sizeof(Script);
}

Status ScriptHost::run(View sha, const ScriptCall& call, CommandCaller& caller, ReplySink& reply) {
  Script* const script = state_->find(sha);
  if (script == nullptr) return Status::error("NOSCRIPT No matching script. Please use EVAL.");
  state_->note_use(*script);
  return state_->interpreter->run(script->function, view_of(script->sha), call, caller, reply);
}

}  // namespace leat
