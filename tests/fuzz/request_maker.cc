// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/request_maker.h"

#include <algorithm>

#include "broker/protocol/numbers.h"
#include "tests/fuzz/vocabulary.h"

namespace leat::testing {

namespace {

struct LeftOut {
  View name, reason;
};
constexpr LeftOut kLeftOut[] = {
    {"SHUTDOWN", "ends the broker: command tests and the binary's tests have it"},
    {"MONITOR", "its lines look like replies: one client of the house monitors, and is asked nothing else"},
    {"LEAT|BACKUP", "copies the folder by the machine's clock and its threads: tests/backup.py"},
    {"PFSELFTEST", "takes nothing, and seconds under the sanitizers"},
    {"MEMORY|PURGE", "takes nothing, and asks the allocator alone"},
};

bool is_left_out(View name) {
  return std::any_of(std::begin(kLeftOut), std::end(kLeftOut), [&](const LeftOut& one) { return one.name == name; });
}

constexpr View kCounts[] = {"numkeys", "numfields", "numids"};
constexpr size_t kMany = 1000;

bool is_count(View name) { return std::find(std::begin(kCounts), std::end(kCounts), name) != std::end(kCounts); }

}  // namespace

RequestMaker::RequestMaker() {
  for (const Command& command : table_.all()) {
    const View name = command.row.name;
    if (is_left_out(name)) continue;
    Form form{&command, {Bytes(name.substr(0, name.find('|')))}, {}};
    if (name.find('|') != View::npos) form.name.push_back(Bytes(name.substr(name.find('|') + 1)));
    if (const FoundDoc found = find_doc(name); found.doc != nullptr) form.arguments = argument_docs(found.doc->syntax);
    if (command.row.keys.any()) data_forms_.push_back(form);
    forms_.push_back(std::move(form));
  }
}

// One request on its way.
class RequestMaker::Draw {
 public:
  Draw(const RequestMaker& maker, const Form& form, Choices& choices, TimeMs now_ms)
      : maker_(maker), form_(form), choices_(choices), now_ms_(now_ms), words_(form.name) {}

  Request words() {
    add_all(form_.arguments);
    const size_t faults = choices_.below(16);
    for (size_t left = faults < 13 ? 0 : faults - 12; left > 0; --left) spoil();
    tame();
    for (Bytes& word : words_) {
      if (is_kind_of_push(word)) word = "x";
    }
    return std::move(words_);
  }

 private:
  void add_all(const std::vector<ArgumentDoc>& arguments) {
    for (const ArgumentDoc& one : arguments) add(one);
  }

  void add(const ArgumentDoc& one) {
    size_t times = 1;
    if (one.multiple) {
      times = how_often(one);
    } else if (one.optional && choices_.below(3) != 2) {
      return;
    }
    for (size_t i = 0; i < times; ++i) {
      if (one.has_token && (i == 0 || one.multiple_token)) words_.push_back(one.token == "\"\"" ? Bytes() : one.token);
      add_value(one);
    }
  }

  // As a count before it said, mostly.
  size_t how_often(const ArgumentDoc& one) {
    if (counted_uses_ > 0) {
      --counted_uses_;
      return counted_;
    }
    if (one.name == "weight") return counted_;
    const size_t dice = choices_.below(32);
    if (dice == 31) return kMany;
    if (dice > 28) return 20;
    if (dice > 20) return dice - 19;
    return one.optional && dice < 8 ? 0 : 1 + dice % 3;
  }

  void add_value(const ArgumentDoc& one) {
    if (one.type == "pure-token" || one.type.empty()) return;
    if (one.type == "oneof") return add(choices_.pick(one.inner));
    if (one.type == "block") {
      if (one.token == "STREAMS") counted_ = 1 + choices_.below(3), counted_uses_ = 2;
      return add_all(one.inner);
    }
    if (is_count(one.name)) {
      counted_ = choices_.below(4);
      counted_uses_ = 1;
      const size_t dice = choices_.below(24);
      words_.push_back(dice == 23 ? Bytes(choices_.pick(kNumbers)) : std::to_string(counted_ + (dice == 22 ? 1 : 0)));
      return;
    }
    words_.push_back(value(one));
  }

  Bytes value(const ArgumentDoc& one) {
    const size_t dice = choices_.below(32);
    if (dice == 31) return Bytes(choices_.raw());
    if (dice == 30) return Bytes(choices_.pick(kNumbers));
    if (one.type == "key") return key();
    if (one.type == "unix-time") return time(one.name.ends_with("milliseconds"));
    if (one.name == "serialized-value" && !maker_.payloads_.empty()) return payload();
    if (one.name == "command" || one.name == "command-name") return choices_.pick(maker_.forms_).name.front();
    const View name = form_.command->row.name == "CONFIG|SET" && one.name == "value" ? View("setting") : View(one.name);
    if (const Words words = words_for(name); !words.empty()) return Bytes(choices_.pick(words));
    if (one.type == "integer") return Bytes(choices_.pick(dice < 16 ? Words(kSmallNumbers) : Words(kNumbers)));
    if (one.type == "double") return Bytes(choices_.pick(kDoubles));
    if (one.type == "pattern") return Bytes(choices_.pick(kPatterns));
    if (dice == 29) return Bytes(5000, 'v');
    if (dice == 28) return std::to_string(choices_.number(2));
    return Bytes(choices_.pick(kValues));
  }

  Bytes key() {
    const size_t dice = choices_.below(256);
    const Words fitting = keys_of(form_.command->family);
    if (dice < 192 && !fitting.empty()) return Bytes(fitting[dice % fitting.size()]);
    return Bytes(kKeys[dice % std::size(kKeys)]);
  }

  Bytes time(bool milliseconds) {
    constexpr int64_t kAway[] = {1, 10, 1000, 60'000, 86'400'000, -1, -100'000, 0};
    const int64_t at_ms = now_ms_ + choices_.pick(kAway);
    return std::to_string(milliseconds ? at_ms : at_ms / 1000);
  }

  Bytes payload() {
    Bytes bytes = choices_.pick(maker_.payloads_);
    if (choices_.one_in(4)) bytes[choices_.number(2) % bytes.size()] ^= static_cast<char>(1 << choices_.below(8));
    return bytes;
  }

  void spoil() {
    const size_t at = 1 + choices_.below(words_.size());
    switch (choices_.below(7)) {
      case 0:
        if (at < words_.size()) words_.erase(words_.begin() + static_cast<ptrdiff_t>(at));
        return;
      case 1:
        words_.insert(words_.begin() + static_cast<ptrdiff_t>(at), Bytes(choices_.pick(kOptionWords)));
        return;
      case 2:
        if (at < words_.size()) words_[at] = Bytes(choices_.pick(kNumbers));
        return;
      case 3:
        if (at < words_.size()) words_[at] = Bytes(choices_.raw());
        return;
      case 4:
        words_.resize(std::min(at, words_.size()));
        return;
      case 5: {
        const Bytes twice = words_[at % words_.size()];
        words_.push_back(twice);
        return;
      }
      default:
        words_.push_back(Bytes(choices_.pick(kValues)));
    }
  }

  // What is asked for as documented, and takes for ever in every server.
  void tame() {
    const View name = form_.command->row.name;
    if (name == "CLIENT|PAUSE") {
      if (const auto ms = words_.size() > 2 ? parse_integer(words_[2]) : std::nullopt; ms && *ms > 1000) words_[2] = "1000";
    }
    if (name == "SRANDMEMBER" || name == "HRANDFIELD" || name == "ZRANDMEMBER") {
      for (Bytes& word : words_) {
        if (const auto count = parse_integer(word); count && *count < -2000) word = "-2000";
      }
    }
  }

  const RequestMaker& maker_;
  const Form& form_;
  Choices& choices_;
  const TimeMs now_ms_;
  Request words_;
  size_t counted_ = 1, counted_uses_ = 0;
};

Request RequestMaker::make(Choices& choices, TimeMs now_ms) const {
  const Form& form = choices.below(8) < 6 ? choices.pick(data_forms_) : choices.pick(forms_);
  return Draw(*this, form, choices, now_ms).words();
}

std::vector<Request> furniture(bool large) {
  std::vector<Request> all = {
      {"SET", "s1", "10"}, {"SET", "s2", "some text"}, {"SETRANGE", "s3", "300", "end"},
      {"RPUSH", "l1", "a", "b", "c", "1"}, {"RPUSH", "l2", Bytes(5000, 'l'), "b"},
      {"HSET", "h1", "a", "1", "b", "2.5", "c", "x"}, {"HSET", "h2", "a", "1"},
      {"HPEXPIRE", "h2", "500", "FIELDS", "1", "a"},
      {"SADD", "t1", "1", "2", "3"}, {"SADD", "t2", "a", "b", "c"},
      {"ZADD", "z1", "1", "a", "2", "b", "2", "c", "inf", "1"}, {"ZADD", "z2", "0", "a", "0", "b", "0", "member"},
      {"XADD", "x1", "1-1", "a", "1"}, {"XADD", "x1", "2-1", "a", "1", "b", "2"}, {"XADD", "x1", "3-1", "c", "1"},
      {"XGROUP", "CREATE", "x1", "g", "0"}, {"XREADGROUP", "GROUP", "g", "c", "COUNT", "2", "STREAMS", "x1", ">"},
      {"XADD", "x2", "5-5", "a", ""}, {"PFADD", "p1", "a", "b", "c"}, {"PFADD", "p2"},
      {"GEOADD", "g1", "13.361389", "38.115556", "a", "15.087269", "37.502669", "b"},
      {"SET", "e1", "v", "PX", "300"}, {"SADD", "c:1", "a"}, {"SELECT", "1"}, {"SET", "s1", "other"}, {"SELECT", "0"},
      {"FUNCTION", "LOAD", Bytes(kLibraries[0])},
  };
  if (!large) return all;
  Request list = {"RPUSH", "l3"}, hash = {"HSET", "h3"}, set = {"SADD", "t3"}, zset = {"ZADD", "z3"};
  for (size_t i = 0; i < 600; ++i) {
    const Bytes n = std::to_string(i);
    list.push_back(n);
    hash.insert(hash.end(), {n, "v" + n});
    set.push_back("m" + n);
    zset.insert(zset.end(), {std::to_string(i % 7), n});
  }
  for (Request* const one : {&list, &hash, &set, &zset}) all.push_back(std::move(*one));
  all.push_back({"PFADD", "p3"});
  for (size_t i = 0; i < 800; ++i) all.back().push_back(std::to_string(i * i));
  for (size_t i = 0; i < 150; ++i) all.push_back({"XADD", "x3", std::to_string(i + 1) + "-0", "f", std::to_string(i)});
  all.push_back({"SETRANGE", "s3", "100000", "end"});
  return all;
}

}  // namespace leat::testing
