// SPDX-License-Identifier: Apache-2.0
#include "broker/script/script_host.h"

#include <xxhash.h>

#include <unordered_map>

#include "broker/script/interpreter.h"

namespace leat {

constexpr size_t kCompiledPerSourceByte = 1;  // measured over BullMQ's 64 scripts: 349 kB of 405 kB

struct Script {
  Sha1::Hex sha;
  Bytes body;
  ScriptFlags flags;
  Interpreter::Function function;
};

struct DigestHash {  // the digest is a hash already
  size_t operator()(const Sha1::Digest& digest) const {
    return get_fixed<size_t>(reinterpret_cast<const char*>(digest.data()));
  }
};
struct SameHash {
  size_t operator()(uint64_t hash) const { return hash; }
};

struct ScriptHost::State {
  explicit State(Options given) : options(given), interpreter(std::make_unique<Interpreter>(given.memory_bytes_max)) {}

  const Script* find(View sha) const {
    Sha1::Digest digest;
    if (!Sha1::parse(sha, digest)) return nullptr;
    const auto found = scripts.find(digest);
    return found == scripts.end() ? nullptr : &found->second;
  }

  Options options;
  std::unique_ptr<Interpreter> interpreter;
  Sha1 sha1;
  std::unordered_map<Sha1::Digest, Script, DigestHash> scripts;  // nodes stay where they are
  // By a quick hash of the body, so that a body that was seen is not hashed with SHA-1 again. A script whose quick
  // hash is taken is simply not in here.
  std::unordered_map<uint64_t, const Script*, SameHash> by_body;
  size_t body_bytes = 0;
};

ScriptHost::ScriptHost(Options options) : state_(std::make_unique<State>(options)) {}
ScriptHost::~ScriptHost() = default;

static View view_of(const Sha1::Hex& hex) { return View(hex.data(), hex.size()); }

Result<View> ScriptHost::load(View body) {
  const uint64_t quick = XXH3_64bits(body.data(), body.size());
  const auto seen = state_->by_body.find(quick);
  if (seen != state_->by_body.end() && seen->second->body == body) return view_of(seen->second->sha);

  const Sha1::Digest digest = state_->sha1.digest(body);
  const auto known = state_->scripts.find(digest);
  if (known != state_->scripts.end()) return view_of(known->second.sha);

  const auto source = read_shebang(body);
  if (!source.ok()) return source.status();
  const auto function = state_->interpreter->compile(source->code);
  if (!function.ok()) return function.status();
  const Script& script =
      state_->scripts.emplace(digest, Script{Sha1::hex(digest), Bytes(body), source->flags, *function}).first->second;
  state_->by_body.emplace(quick, &script);
  state_->body_bytes += body.size();
  return view_of(script.sha);
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
  state_->scripts.clear();
  state_->body_bytes = 0;
  state_->interpreter = std::make_unique<Interpreter>(state_->options.memory_bytes_max);
}

size_t ScriptHost::scripts() const { return state_->scripts.size(); }
size_t ScriptHost::memory() const { return state_->interpreter->memory().bytes(); }
size_t ScriptHost::cache_memory() const {
  return state_->body_bytes * (1 + kCompiledPerSourceByte) + state_->scripts.size() * sizeof(Script);
}

Status ScriptHost::run(View sha, const ScriptCall& call, CommandCaller& caller, ReplySink& reply) {
  const Script* script = state_->find(sha);
  if (script == nullptr) return Status::error("NOSCRIPT No matching script. Please use EVAL.");
  return state_->interpreter->run(script->function, view_of(script->sha), call, caller, reply);
}

}  // namespace leat
