// SPDX-License-Identifier: Apache-2.0
// salvage_fuzz.cc: a small data folder, damaged as the input says: check answers, and salvage makes a sound folder of
// it, of which a second salvage loses nothing, or says why not. Neither ever crashes.
//
// The folders are made when the process starts: one whose log goes back to record 1, one whose log does not, each with
// a snapshot in the middle and another one unfinished, so that its journal is in use. The input: its first byte chooses
// the folder, then edits of five bytes and more: file, offset (u24), what, and for some of them bytes.
#include <cstdio>

#include "broker/storage/proof.h"
#include "broker/storage/snapshot_rows.h"
#include "broker/tools/salvage.h"
#include "tests/fuzz/salvage_folder.h"
#include "tests/support/sim_disk.h"
#include "wal/check.h"

namespace leat::testing {

namespace {

class Edits {
 public:
  explicit Edits(View input) : input_(input) {}
  bool more() const { return input_.size() >= 5; }
  uint64_t number(size_t bytes) {
    uint64_t number = 0;
    for (; bytes > 0 && !input_.empty(); --bytes, input_.remove_prefix(1))
      number = number << 8 | static_cast<uint8_t>(input_[0]);
    return number;
  }
  View bytes(size_t count) {
    const View taken = input_.substr(0, count);
    input_.remove_prefix(taken.size());
    return taken;
  }

 private:
  View input_;
};

void edit(Folder& files, Edits& edits) {
  auto chosen = files.begin();
  std::advance(chosen, static_cast<ptrdiff_t>(edits.number(1) % files.size()));
  const uint64_t place = edits.number(3), what = edits.number(1);
  Bytes& bytes = chosen->second;
  if (bytes.empty()) return;
  const size_t at = place % bytes.size(), page = at / 512 * 512;
  const size_t left = bytes.size() - at;
  if (what < 128)
    bytes[at] = static_cast<char>(bytes[at] ^ 1 << what % 8);
  else if (what < 160)
    bytes.replace(page, std::min<size_t>(4096, bytes.size() - page), std::min<size_t>(4096, bytes.size() - page), '\0');
  else if (what < 192)
    bytes.resize(at);
  else if (what < 200 && files.size() > 1)
    files.erase(chosen);
  else if (what < 210)
    bytes.append(what, '\xff');
  else if (what < 250)
    bytes.replace(at, std::min<size_t>(what - 209, left), edits.bytes(std::min<size_t>(what - 209, left)));
  else
    bytes.erase(at, std::min<size_t>(8 * (what - 249), left));
}

SalvageReport salvage_once(SimDisk& disk, const Bytes& from, const Bytes& to, bool& made) {
  uint64_t random = 100;
  const Tell tell = [](const Finding&) {};
  const auto report = salvage_folder(disk, {.from = from, .to = to, .random = [&random] { return ++random; }}, tell);
  made = report.ok();
  return made ? *report : SalvageReport{};
}

}  // namespace

void run(View input) {
  static const std::vector<Folder> folders = salvage_folders();
  if (input.empty()) return;
  Edits edits(input.substr(1));
  Folder files = folders[static_cast<uint8_t>(input[0]) % folders.size()];
  while (edits.more()) edit(files, edits);
  SimDisk disk;
  CHECK(disk.make_folder("data").ok());
  for (auto& [name, bytes] : files) disk.put("data/" + name, std::move(bytes));

  const auto report = wal::check_folder(disk, "data");
  const bool sound = report.ok() && report->sound && prove_folder(disk, "data").ok();
  bool made = false, again = false;
  const SalvageReport first = salvage_once(disk, "data", "saved", made);
  CHECK(!sound || (made && first.lost_nothing()));
  if (!made) return;
  const auto checked = wal::check_folder(disk, "saved");
  if (checked.ok() && !checked->sound) std::fprintf(stderr, "%s\n", checked->verdict.c_str());
  CHECK(checked.ok() && checked->sound);
  const SalvageReport second = salvage_once(disk, "saved", "again", again);
  CHECK(again && second.lost_nothing() && second.digest == first.digest && second.keys == first.keys);
}

}  // namespace leat::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  leat::testing::run(leat::View(reinterpret_cast<const char*>(data), size));
  return 0;
}
