// SPDX-License-Identifier: Apache-2.0
// script_test.h: a script host in front of a house of a few commands.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <vector>

#include "broker/protocol/resp_sink.h"
#include "broker/script/script_host.h"

namespace leat {

class FakeHouse final : public CommandCaller {
 public:
  void call(Args args, ReplySink& reply) override {
    ++calls;
    words.assign(args.all().begin(), args.all().end());
    const View name = args[0];
    if (name == "get") return get(args[1], reply);
    if (name == "set") return set(args[1], args[2], reply);
    if (name == "echo") return void(reply.bulk(args[1]));
    if (name == "count") return void(reply.integer(static_cast<int64_t>(args.size())));
    if (name == "wrong") return void(reply.error("WRONGTYPE Operation against a key holding the wrong kind of value"));
    if (name == "nullarray") return void(reply.null_array());
    if (name == "real") return void(reply.real(1.5));
    if (name == "bool") return void(reply.boolean(true));
    if (name == "verbatim") return void(reply.verbatim("text"));
    if (name == "map") return map(reply);
    if (name == "members") return members(reply);
    if (name == "nested") return nested(reply);
    if (name == "reserved") return reserved(reply);
    if (name == "many") return many(reply);
    reply.error("ERR Unknown Redis command called from script");
  }
  void set_protocol(int given) override { protocol = given; }
  bool keep_running() override { return ++polls <= polls_max && std::chrono::steady_clock::now() < give_up; }
  void log(View level, View text) override { logged.push_back(Bytes(level) + ": " + Bytes(text)); }
  MayCall may_call(Args args) override { return args[0] == "get" ? MayCall::kYes : MayCall::kUnknown; }

  std::map<Bytes, Bytes> keys;
  std::vector<Bytes> words;
  std::vector<Bytes> logged;
  size_t many_bytes = 0;
  int protocol = 2;
  int calls = 0;
  int polls = 0;
  int polls_max = 1'000'000'000;
  std::chrono::steady_clock::time_point give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);

 private:
  void get(View key, ReplySink& reply) {
    const auto found = keys.find(Bytes(key));
    if (found == keys.end())
      reply.null();
    else
      reply.bulk(found->second);
  }
  void set(View key, View value, ReplySink& reply) {
    keys[Bytes(key)] = Bytes(value);
    reply.ok();
  }
  void map(ReplySink& reply) {
    reply.map(2);
    reply.bulk("a");
    reply.bulk("1");
    reply.bulk("b");
    reply.null();
  }
  void members(ReplySink& reply) {
    reply.set(2);
    reply.bulk("x");
    reply.bulk("y");
  }
  void nested(ReplySink& reply) {
    reply.array(4);
    reply.array(0);
    reply.map(1);
    reply.bulk("k");
    reply.pair("p", "q");
    reply.error("ERR inner");
    reply.simple("OK");
  }
  void reserved(ReplySink& reply) {
    const auto outer = reply.reserve_array();
    reply.integer(1);
    const auto inner = reply.reserve_array();
    reply.fill_array(inner, 0);
    reply.bulk("end");
    reply.fill_array(outer, 3);
  }
  void many(ReplySink& reply) {
    constexpr size_t kSize = 1000;
    const Bytes filler(kSize - 8, 'x');
    reply.array(many_bytes / kSize);
    for (size_t i = 0; i < many_bytes / kSize; ++i) reply.bulk(filler + std::to_string(10'000'000 + i));
  }
};

class ScriptTest : public testing::Test {
 protected:
  // The reply's bytes; an error that ended the script stands as "-TEXT".
  Bytes eval(View body, std::vector<View> keys = {}, std::vector<View> args = {}, int protocol = 2) {
    const auto sha = host.load(body);
    if (!sha.ok()) return "-" + Bytes(sha.status().text());
    Bytes out;
    RespSink sink(out, protocol);
    const Status status = host.run(*sha, {.keys = keys, .args = args}, house, sink);
    if (status.ok()) return out;
    EXPECT_EQ(out, "");
    return "-" + Bytes(status.text());
  }
  // What a script that returns one string returned; errors as they are.
  Bytes text(View body) {
    const Bytes reply = eval(body);
    if (!reply.starts_with('$')) return reply;
    const size_t start = reply.find("\r\n") + 2;
    return reply.substr(start, reply.size() - start - 2);
  }
  // The error less its " script: SHA, on @user_script:N."
  Bytes error(View body) {
    const Bytes reply = eval(body);
    return reply.substr(0, reply.find(" script: "));
  }

  ScriptHost host{{.memory_bytes_max = size_t{64} << 20}};
  FakeHouse house;
};

}  // namespace leat
