// SPDX-License-Identifier: Apache-2.0
#include "broker/rdb/file_reader.h"

#include <algorithm>

#include "broker/protocol/numbers.h"
#include "broker/rdb/crc64.h"

namespace leat::rdb {

namespace {

constexpr View kMagic = "REDIS";
constexpr size_t kVersionDigits = 4;
constexpr size_t kPieceBytes = 1 << 20;  // read at once, at least
constexpr Input::Limits kLimits{.string_bytes_max = FileReader::kStringBytesMax, .expanded_max = UINT64_MAX};

int lengths_of(Part part) { return part == Part::kIdle ? 1 : part == Part::kCounts ? 2 : 3; }

}  // namespace

Result<FileReader::Item> FileReader::next() {
  if (version_ == 0) {
    if (Status head = read_head(); !head.ok()) return head;
  }
  for (;;) {
    Input in(window(), kLimits);
    auto item = read_part(in);
    if (!item.ok()) return item.status();
    if (in.ran_out()) {
      const auto more = widen();
      if (!more.ok()) return more.status();
      if (!*more) return refuse(in);
      continue;  // from the part's beginning
    }
    if (!in.ok()) return refuse(in);
    pass(window().size() - in.rest().size());
    if (!*item) continue;
    if (std::holds_alternative<Key>(**item)) expire_at_ms_ = kNoLifetime;
    if (std::holds_alternative<End>(**item)) {
      if (Status end = read_end(); !end.ok()) return end;
    }
    return std::move(**item);
  }
}

// What it says of a part that is read again, because it was not all there, it says again.
Result<std::optional<FileReader::Item>> FileReader::read_part(Input& in) {
  using Said = std::optional<Item>;
  const uint8_t first = in.byte();
  if (!in.ok()) return Said();
  switch (static_cast<Part>(first)) {
    case Part::kEnd:
      return Said(End{});
    case Part::kLibrary:
      return Said(Library{.code = in.string(text_)});
    case Part::kLibraryEarly:
      return Status::error("at byte " + std::to_string(offset_) +
                           " there are functions of a release candidate of Redis 7.0");
    case Part::kModule:
      in.length();
      skip_module(in);
      return Said(Module{});
    case Part::kExpiryMs:
      expire_at_ms_ = in.time();
      return Said();
    case Part::kExpiryS:
      expire_at_ms_ = TimeMs{in.fixed<uint32_t>()} * 1000;
      return Said();
    case Part::kDatabase:
      database_ = in.length();
      return Said();
    case Part::kAbout:
      in.string(name_);
      in.string(text_);
      return Said();
    case Part::kFrequency:
      in.byte();
      return Said();
    case Part::kIdle:
    case Part::kCounts:
    case Part::kSlot:
      for (int left = lengths_of(static_cast<Part>(first)); left > 0; --left) in.length();
      return Said();
  }
  return read_key(in, static_cast<Layout>(first));
}

std::optional<FileReader::Item> FileReader::read_key(Input& in, Layout layout) {
  Key key{
      .database = database_, .name = in.string(name_), .expire_at_ms = expire_at_ms_, .object = {layout, in.rest()}};
  if (!in.ok()) return std::nullopt;
  if (!skip_object(in, layout) && in.ok()) in.fail();
  const size_t size = key.object.body.size() - in.rest().size();
  key.object.body = key.object.body.substr(0, size);
  return key;
}

Status FileReader::read_head() {
  constexpr size_t kHeadBytes = kMagic.size() + kVersionDigits;
  if (Status read = widen_to(kHeadBytes); !read.ok()) return read;
  const View head = window().substr(0, kHeadBytes);
  const auto version =
      head.size() == kHeadBytes ? parse_integer(Bytes("1").append(head.substr(kMagic.size()))) : std::nullopt;
  if (!head.starts_with(kMagic) || !version) {
    return Status::error(
        "it does not begin as a dump of Redis does (REDIS0011, say): an append-only file, or another one?");
  }
  version_ = static_cast<unsigned>(*version) % 10'000;
  if (version_ == 0 || version_ > kVersionMax) {
    return Status::error("it is of version " + std::to_string(version_) + " of the format, and leat reads up to " +
                         std::to_string(kVersionMax) +
                         ", which is that of Redis 7.4 and 8.0: let the server that wrote it " +
                         "send its keys with MIGRATE");
  }
  pass(kHeadBytes);
  return Status::fine();
}

Status FileReader::read_end() {
  if (version_ >= kVersionChecked) {
    if (Status read = widen_to(sizeof(uint64_t)); !read.ok()) return read;
    if (window().size() < sizeof(uint64_t)) return refuse(Input(View(), kLimits));
    const auto check = get_fixed<uint64_t>(window().data()), found = check_;
    pass(sizeof check);
    if (check != 0 && check != found) {
      return Status::error(
          "its check does not fit its content: it was damaged on its way. Copy it again, or have it written again");
    }
  }
  const auto more = window().empty() ? widen() : Result<bool>(true);
  if (!more.ok()) return more.status();
  if (!*more) return Status::fine();
  return Status::error("behind its end, at byte " + std::to_string(offset_) +
                       ", there is more: an append-only file that begins with a dump. Have the server write a dump "
                       "without the rest: redis-cli BGSAVE");
}

Status FileReader::refuse(const Input& in) const {
  const Bytes where = "byte " + std::to_string(offset_) + " of " + std::to_string(offset_ + window().size());
  if (in.ok() || in.ran_out())
    return Status::error("it ends in the middle of what begins at " + where + ": it was cut off");
  const auto first = static_cast<uint8_t>(window()[0]);
  return Status::error("what begins at " + where + " is nothing that Redis up to 7.4 writes (its first byte is " +
                       std::to_string(first) + "): a module's value of old, another server's, or damage");
}

Result<bool> FileReader::widen() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  const size_t had = buffer_.size(), wanted = std::max(kPieceBytes, had);
  buffer_.resize(had + wanted);
  const auto got = source_(offset_ + had, buffer_.data() + had, wanted);
  buffer_.resize(had + (got.ok() ? *got : 0));
  if (!got.ok()) return got.status();
  return *got > 0;
}

Status FileReader::widen_to(size_t bytes) {
  while (window().size() < bytes) {
    const auto more = widen();
    if (!more.ok() || !*more) return more.status();
  }
  return Status::fine();
}

void FileReader::pass(size_t bytes) {
  check_ = crc64(window().substr(0, bytes), check_);
  begin_ += bytes;
  offset_ += bytes;
}

}  // namespace leat::rdb
