// SPDX-License-Identifier: Apache-2.0
// scripts_fuzz.cc: scripts and functions of all that Lua's grammar, its libraries and the commands allow, and others
// that are no Lua: they end, their replies are well formed, the log holds what they wrote (fuzz_house.h), and in the
// end the world is what it was for the first: the globals, as far as they can be walked.
//
// The input: its first byte says how the house is; then steps, each a byte for what happens and the bytes that choose a
// script's words (script_maker.h); with kRaw, all that is left is the script.
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/fuzz_house.h"
#include "tests/fuzz/script_maker.h"
#include "tests/fuzz/vocabulary.h"

namespace leat::testing {

namespace {

constexpr size_t kStepsMax = 40;
constexpr uint64_t kRaw = 240;

// A digest of every name, function and value that can be reached from the globals and from a string.
constexpr char kWalk[] = R"(
local within, found = {}, {}
local function walk(name, t)
  if within[t] then return end
  within[t] = true
  for k, v in pairs(t) do
    local path = name .. '.' .. tostring(k)
    if path ~= '_G.KEYS' and path ~= '_G.ARGV' then
      found[#found + 1] = path .. ' ' .. type(v) .. ' ' .. (type(v) == 'table' and '' or tostring(v))
      if type(v) == 'table' then walk(path, v) end
    end
  end
  within[t] = nil
end
walk('_G', _G)
walk('string', getmetatable('').__index)
table.sort(found)
return #found .. ' ' .. redis.sha1hex(table.concat(found, '\n'))
)";

class World {
 public:
  explicit World(FuzzHouse& house) : house_(house) {
    const Bytes code = Bytes("#!lua name=walker\nredis.register_function('walk', function()") + kWalk + "end)";
    CHECK(house_.call({"FUNCTION", "LOAD", code}).starts_with("$"));
    script_ = house_.call({"EVAL", kWalk, "0"});
    function_ = house_.call({"FCALL", "walk", "0"});
    CHECK(script_.starts_with("$") && function_.starts_with("$"));
  }
  void check() {
    compare(script_, house_.call({"EVAL", kWalk, "0"}));
    compare(function_, house_.call({"FCALL", "walk", "0"}));
  }

 private:
  static void compare(const Bytes& before, const Bytes& after) {
    if (before == after) return;
    std::fprintf(stderr, "the globals are others: %s%s", before.c_str(), after.c_str());
    std::abort();
  }
  FuzzHouse& house_;
  Bytes script_, function_;
};

void step(FuzzHouse& house, const RequestMaker& requests, Choices& choices) {
  const uint64_t what = choices.number(1);
  const size_t guest = what % FuzzHouse::kGuests;
  const Bytes key(kKeys[what % std::size(kKeys)]);
  if (what >= kRaw) {
    const Bytes code(choices.rest());
    if (code.find("walker") != Bytes::npos) return;  // the World's own library
    if (what >= kRaw + 8) return house.ask(guest, {"FUNCTION", "LOAD", "REPLACE", code});
    return house.ask(guest, {"EVAL", code, "1", key, "v"});
  }
  ScriptMaker maker(requests, choices, house.now_ms());
  if (what >= 192) {
    house.ask(guest, {"FUNCTION", "LOAD", "REPLACE", maker.library()});
    return house.ask(guest, {what % 8 < 4 ? "FCALL" : "FCALL_RO", "made", "1", key, "v"});
  }
  const Bytes code = maker.script();
  house.ask(guest, {what < 24 ? "EVAL_RO" : "EVAL", code, "2", key, "s1", "v", "10"});
}

}  // namespace

void run(View input) {
  static const RequestMaker requests;
  Choices choices(input);
  const uint64_t how = choices.number(1);
  FuzzHouse house({.classes = (how & 2) != 0, .large = (how & 240) == 240});
  World world(house);
  for (size_t left = kStepsMax; left > 0 && choices.more(); --left) step(house, requests, choices);
  world.check();
  house.finish();
}

}  // namespace leat::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  leat::testing::run(leat::View(reinterpret_cast<const char*>(data), size));
  return 0;
}
