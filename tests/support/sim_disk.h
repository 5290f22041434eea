// SPDX-License-Identifier: Apache-2.0
// sim_disk.h: a disk in memory that keeps what is synced apart from what is not, and that can be told to misbehave.
//
// Used by: the tests of wal/, the simulation, the fuzzers.
// Always:  - everything it does by chance comes from the seed it is given;
//          - after power_cut() or kill() the files and locks of before are dead: every call on them fails;
//          - all calls but read and size are counted from 1, also those of several threads, in the order they came.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>

#include "wal/file.h"

namespace leat::testing {

class SimDisk final : public wal::FileSystem {
 public:
  SimDisk();
  ~SimDisk() override;

  Result<std::unique_ptr<wal::File>> open(const Bytes& path, wal::OpenMode mode) override;
  Status rename(const Bytes& from, const Bytes& to) override;
  Status unlink(const Bytes& path) override;
  Status make_folder(const Bytes& path) override;
  Status remove_folder(const Bytes& path) override;
  Result<uint64_t> free_bytes(const Bytes& folder) override;
  Status sync_folder(const Bytes& path) override;
  Result<std::vector<Bytes>> list(const Bytes& folder) override;
  Result<bool> exists(const Bytes& path) override;
  Result<std::unique_ptr<wal::FileLock>> lock(const Bytes& path) override;
  Result<std::optional<Bytes>> lock_owner(const Bytes& path) override;

  // What may be kept of what was not synced: sectors of 512 bytes, file sizes, names. The seed decides: nothing,
  // everything, each by itself, or each by itself and torn.
  void power_cut(uint64_t seed);
  // The process dies, the machine does not: nothing is lost.
  void kill();

  // From this call on every call fails and changes nothing, as if the machine stopped there. 0: never.
  void stop_at(uint64_t call) { stop_at_ = call; }
  // This one call fails. A write leaves a part of itself, a sync forgets what it should have written.
  void fail_at(uint64_t call) { fail_at_ = call; }
  uint64_t calls() const { return calls_; }
  void set_capacity(uint64_t bytes) { capacity_ = bytes; }
  // Runs inside each sync of a file, with no lock held: may wait, or move a clock.
  void on_sync(std::function<void(const Bytes& path)> hook) { sync_hook_ = std::move(hook); }

  // Looks and meddles: behind the broker's back, not counted, synced at once.
  Bytes contents(const Bytes& path);
  void put(const Bytes& path, Bytes contents);
  void flip_bit(const Bytes& path, uint64_t byte, unsigned bit);
  void remove(const Bytes& path);
  uint64_t syncs() const { return syncs_; }
  uint64_t writes() const { return writes_; }
  uint64_t written_bytes() const { return written_bytes_; }

 private:
  struct Node;
  struct NameChange;
  class SimFile;
  class SimLock;
  using NodePtr = std::shared_ptr<Node>;
  static constexpr uint64_t kSector = 512;

  NodePtr find(const Bytes& path);
  NodePtr find_folder_of(const Bytes& path, Bytes& name);
  void change(const NodePtr& folder, NameChange change);
  Status before_call(const char* what, const Bytes& path, uint64_t epoch);
  bool stopped() const { return stop_at_ != 0 && calls_ >= stop_at_; }
  bool is_failing() const { return calls_ == fail_at_; }
  Status write(Node& node, uint64_t offset, View bytes, const Bytes& path);
  void truncate(Node& node, uint64_t size);
  void forget_unsynced(Node& node);
  void cut_folder(Node& folder, std::mt19937_64& dice, unsigned policy);
  void cut_file(Node& file, std::mt19937_64& dice, unsigned policy);
  uint64_t used(const Node& node) const;

  mutable std::mutex mutex_;  // everything below
  NodePtr root_;
  uint64_t epoch_ = 0;  // of the machine or process; a handle of an earlier one is dead
  uint64_t calls_ = 0, stop_at_ = 0, fail_at_ = 0;
  uint64_t syncs_ = 0, writes_ = 0, written_bytes_ = 0;
  uint64_t capacity_ = UINT64_MAX;
  std::function<void(const Bytes& path)> sync_hook_;
};

}  // namespace leat::testing
