// SPDX-License-Identifier: Apache-2.0
#include "tests/support/sim_disk.h"

#include <unistd.h>

#include <algorithm>

namespace leat::testing {

using wal::File;
using wal::FileLock;
using wal::OpenMode;

// One change of names; a rename is two entries that stand or fall together.
struct SimDisk::NameChange {
  Bytes removed;
  Bytes added;
  NodePtr node;
};

struct SimDisk::Node {
  bool folder = false;
  // a file
  Bytes data;                // what a reader sees
  Bytes synced;              // what surely survives
  std::set<uint64_t> dirty;  // sectors in which they may differ and which the disk may have written or not
  bool size_dirty = false;
  bool locked = false;
  const void* range_holder = nullptr;  // the file that called lock_range(): one range is enough for our tests
  // a folder
  std::map<Bytes, NodePtr> names;
  std::map<Bytes, NodePtr> synced_names;
  std::vector<NameChange> changes;  // since the last sync
};

namespace {
Status broken(const char* what, const Bytes& path, const char* why) {
  return Status::error(Bytes("cannot ") + what + " " + path + ": " + why);
}

std::vector<Bytes> split(const Bytes& path) {
  std::vector<Bytes> parts;
  Bytes part;
  for (const char c : path + "/") {
    if (c != '/')
      part += c;
    else if (!part.empty() && part != ".")
      parts.push_back(std::exchange(part, {}));
    else
      part.clear();
  }
  return parts;
}
}  // namespace

class SimDisk::SimFile final : public File {
 public:
  SimFile(SimDisk& disk, NodePtr node, Bytes path)
      : disk_(disk), node_(std::move(node)), path_(std::move(path)), epoch_(disk.epoch_) {}
  ~SimFile() override {
    const std::lock_guard lock(disk_.mutex_);
    if (node_->range_holder == this) node_->range_holder = nullptr;
  }

  Status write(uint64_t offset, View bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    Status allowed = disk_.before_call("write", path_, epoch_);
    if (!allowed.ok()) {
      if (disk_.is_failing()) static_cast<void>(disk_.write(*node_, offset, bytes.substr(0, bytes.size() / 2), path_));
      return allowed;
    }
    ++disk_.writes_;
    disk_.written_bytes_ += bytes.size();
    return disk_.write(*node_, offset, bytes, path_);
  }

  Status write_zeros(uint64_t offset, uint64_t size) override { return write(offset, Bytes(size, '\0')); }

  Result<size_t> read(uint64_t offset, char* to, size_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    if (epoch_ != disk_.epoch_ || disk_.stopped()) return broken("read", path_, "the machine is off");
    if (offset >= node_->data.size()) return size_t{0};
    const size_t got = std::min<size_t>(size, node_->data.size() - offset);
    std::memcpy(to, node_->data.data() + offset, got);
    return got;
  }

  Status sync() override {
    if (disk_.sync_hook_) disk_.sync_hook_(path_);
    const std::lock_guard lock(disk_.mutex_);
    Status allowed = disk_.before_call("sync", path_, epoch_);
    if (!allowed.ok()) {
      if (disk_.is_failing()) disk_.forget_unsynced(*node_);
      return allowed;
    }
    ++disk_.syncs_;
    node_->synced.resize(node_->data.size());
    for (const uint64_t sector : node_->dirty) {
      const uint64_t from = sector * kSector;
      if (from >= node_->data.size()) continue;
      const size_t size = std::min<size_t>(kSector, node_->data.size() - from);
      std::memcpy(node_->synced.data() + from, node_->data.data() + from, size);
    }
    node_->dirty.clear();
    node_->size_dirty = false;
    return Status::fine();
  }

  Status write_back() override {
    const std::lock_guard lock(disk_.mutex_);
    Status allowed = disk_.before_call("write back", path_, epoch_);
    if (!allowed.ok() && disk_.is_failing()) disk_.forget_unsynced(*node_);
    return allowed;
  }

  Status truncate(uint64_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    Status allowed = disk_.before_call("truncate", path_, epoch_);
    if (!allowed.ok()) return allowed;
    disk_.truncate(*node_, size);
    return Status::fine();
  }

  Result<uint64_t> size() override {
    const std::lock_guard lock(disk_.mutex_);
    if (epoch_ != disk_.epoch_ || disk_.stopped()) return broken("stat", path_, "the machine is off");
    return node_->data.size();
  }

  Status lock_range(uint64_t, uint64_t) override {
    const std::lock_guard lock(disk_.mutex_);
    Status allowed = disk_.before_call("lock", path_, epoch_);
    if (!allowed.ok()) return allowed;
    if (node_->range_holder != nullptr) return Status::error(path_ + " is in use by another program");
    node_->range_holder = this;
    return Status::fine();
  }

 private:
  SimDisk& disk_;
  NodePtr node_;
  Bytes path_;
  uint64_t epoch_;
};

class SimDisk::SimLock final : public FileLock {
 public:
  SimLock(SimDisk& disk, NodePtr node) : disk_(disk), node_(std::move(node)), epoch_(disk.epoch_) {}
  ~SimLock() override {
    const std::lock_guard lock(disk_.mutex_);
    if (epoch_ == disk_.epoch_) node_->locked = false;  // else it went with the process
  }

 private:
  SimDisk& disk_;
  NodePtr node_;
  uint64_t epoch_;
};

SimDisk::SimDisk() : root_(std::make_shared<Node>()) { root_->folder = true; }
SimDisk::~SimDisk() = default;

SimDisk::NodePtr SimDisk::find(const Bytes& path) {
  NodePtr at = root_;
  for (const Bytes& part : split(path)) {
    const auto found = at->names.find(part);
    if (found == at->names.end()) return nullptr;
    at = found->second;
  }
  return at;
}

SimDisk::NodePtr SimDisk::find_folder_of(const Bytes& path, Bytes& name) {
  const auto parts = split(path);
  if (parts.empty()) return nullptr;
  name = parts.back();
  return find(path.substr(0, path.rfind(name)));
}

Status SimDisk::before_call(const char* what, const Bytes& path, uint64_t epoch) {
  if (epoch != epoch_) return broken(what, path, "the machine is off");
  ++calls_;
  if (stopped()) return broken(what, path, "the machine is off");
  return is_failing() ? broken(what, path, "input/output error") : Status::fine();
}

void SimDisk::change(const NodePtr& folder, NameChange change) {
  if (!change.removed.empty()) folder->names.erase(change.removed);
  if (!change.added.empty()) folder->names[change.added] = change.node;
  folder->changes.push_back(std::move(change));
}

uint64_t SimDisk::used(const Node& node) const {
  uint64_t bytes = node.data.size();
  for (const auto& [name, child] : node.names) bytes += used(*child);
  return bytes;
}

Status SimDisk::write(Node& node, uint64_t offset, View bytes, const Bytes& path) {
  const uint64_t end = offset + bytes.size();
  if (end > node.data.size()) {
    const uint64_t others = used(*root_) - node.data.size();
    if (capacity_ != UINT64_MAX && others + end > capacity_) return broken("write", path, "no space left on device");
    node.data.resize(end);
    node.size_dirty = true;
  }
  std::memcpy(node.data.data() + offset, bytes.data(), bytes.size());
  for (uint64_t sector = offset / kSector; sector * kSector < end; ++sector) node.dirty.insert(sector);
  return Status::fine();
}

void SimDisk::truncate(Node& node, uint64_t size) {
  for (uint64_t sector = size / kSector; sector * kSector < node.data.size(); ++sector) node.dirty.insert(sector);
  node.data.resize(size);
  node.size_dirty = true;
}

// As Linux does after a failed sync: the pages count as clean, whatever the disk has of them.
void SimDisk::forget_unsynced(Node& node) { node.dirty.clear(); }

Result<std::unique_ptr<File>> SimDisk::open(const Bytes& path, OpenMode mode) {
  const std::lock_guard lock(mutex_);
  Status allowed = before_call("open", path, epoch_);
  if (!allowed.ok()) return allowed;
  NodePtr node = find(path);
  if (node == nullptr) {
    Bytes name;
    const NodePtr folder = find_folder_of(path, name);
    if (mode != OpenMode::kCreate || folder == nullptr) return broken("open", path, "no such file or directory");
    node = std::make_shared<Node>();
    change(folder, {.added = name, .node = node});
  } else if (mode == OpenMode::kCreate) {
    truncate(*node, 0);
  }
  return std::unique_ptr<File>(std::make_unique<SimFile>(*this, node, path));
}

Status SimDisk::rename(const Bytes& from, const Bytes& to) {
  const std::lock_guard lock(mutex_);
  Status allowed = before_call("rename", from, epoch_);
  if (!allowed.ok()) return allowed;
  Bytes old_name, new_name;
  const NodePtr folder = find_folder_of(from, old_name);
  const NodePtr node = find(from);
  if (node == nullptr || folder != find_folder_of(to, new_name))
    return broken("rename", from, "no such file or directory");
  const NodePtr target = find(to);
  if (target != nullptr && target->folder && !target->names.empty())
    return broken("rename", from, "directory not empty");
  change(folder, {.removed = old_name, .added = new_name, .node = node});
  return Status::fine();
}

Status SimDisk::unlink(const Bytes& path) {
  const std::lock_guard lock(mutex_);
  Status allowed = before_call("remove", path, epoch_);
  if (!allowed.ok()) return allowed;
  if (find(path) == nullptr) return broken("remove", path, "no such file or directory");
  Bytes name;
  const NodePtr folder = find_folder_of(path, name);
  change(folder, {.removed = name});
  return Status::fine();
}

Status SimDisk::make_folder(const Bytes& path) {
  const std::lock_guard lock(mutex_);
  Status allowed = before_call("make folder", path, epoch_);
  if (!allowed.ok()) return allowed;
  if (find(path) != nullptr) return broken("make folder", path, "file already exists");
  Bytes name;
  const NodePtr parent = find_folder_of(path, name);
  if (parent == nullptr) return broken("make folder", path, "no such file or directory");
  if (!parent->folder) return broken("make folder", path, "not a directory");
  auto node = std::make_shared<Node>();
  node->folder = true;
  change(parent, {.added = name, .node = std::move(node)});
  return Status::fine();
}

Result<uint64_t> SimDisk::free_bytes(const Bytes& folder) {
  const std::lock_guard lock(mutex_);
  Status allowed = before_call("look at the disk of", folder, epoch_);
  if (!allowed.ok()) return allowed;
  return capacity_ - std::min(capacity_, used(*root_));
}

Status SimDisk::remove_folder(const Bytes& path) {
  const std::lock_guard lock(mutex_);
  Status allowed = before_call("remove folder", path, epoch_);
  if (!allowed.ok()) return allowed;
  const NodePtr node = find(path);
  if (node == nullptr || !node->folder) return broken("remove folder", path, "no such file or directory");
  if (!node->names.empty()) return broken("remove folder", path, "directory not empty");
  Bytes name;
  const NodePtr parent = find_folder_of(path, name);
  change(parent, {.removed = name});
  return Status::fine();
}

Status SimDisk::sync_folder(const Bytes& path) {
  const std::lock_guard lock(mutex_);
  Status allowed = before_call("sync folder", path, epoch_);
  if (!allowed.ok()) return allowed;
  const NodePtr folder = find(path);
  if (folder == nullptr) return broken("sync folder", path, "no such file or directory");
  folder->synced_names = folder->names;
  folder->changes.clear();
  return Status::fine();
}

Result<std::vector<Bytes>> SimDisk::list(const Bytes& path) {
  const std::lock_guard lock(mutex_);
  Status allowed = before_call("list folder", path, epoch_);
  if (!allowed.ok()) return allowed;
  const NodePtr folder = find(path);
  if (folder == nullptr) return broken("list folder", path, "no such file or directory");
  if (!folder->folder) return broken("list folder", path, "not a directory");
  std::vector<Bytes> names;
  for (const auto& [name, node] : folder->names) names.push_back(name);
  return names;
}

Result<bool> SimDisk::exists(const Bytes& path) {
  const std::lock_guard lock(mutex_);
  Status allowed = before_call("stat", path, epoch_);
  if (!allowed.ok()) return allowed;
  return find(path) != nullptr;
}

Result<std::unique_ptr<FileLock>> SimDisk::lock(const Bytes& path) {
  const std::lock_guard lock(mutex_);
  Status allowed = before_call("lock", path, epoch_);
  if (!allowed.ok()) return allowed;
  NodePtr node = find(path);
  if (node != nullptr && node->locked) {
    return Status::error("the folder is in use by process " + node->data + ", which holds " + path);
  }
  if (node == nullptr) {
    Bytes name;
    const NodePtr folder = find_folder_of(path, name);
    if (folder == nullptr) return broken("lock", path, "no such file or directory");
    node = std::make_shared<Node>();
    change(folder, {.added = name, .node = node});
  }
  node->locked = true;
  node->data = std::to_string(::getpid());
  node->size_dirty = true;
  return std::unique_ptr<FileLock>(std::make_unique<SimLock>(*this, node));
}

Result<std::optional<Bytes>> SimDisk::lock_owner(const Bytes& path) {
  const std::lock_guard lock(mutex_);
  Status allowed = before_call("look at", path, epoch_);
  if (!allowed.ok()) return allowed;
  const NodePtr node = find(path);
  if (node == nullptr || !node->locked) return std::optional<Bytes>();
  return std::optional<Bytes>(node->data);
}

void SimDisk::cut_file(Node& file, std::mt19937_64& dice, unsigned policy) {
  const auto kept = [&] { return policy == 1 || (policy >= 2 && dice() % 2 == 0); };
  if (file.size_dirty && kept()) file.synced.resize(file.data.size());
  for (const uint64_t sector : file.dirty) {
    const uint64_t from = sector * kSector;
    if (!kept() || from >= file.data.size()) continue;
    const size_t size = std::min<size_t>(kSector, file.data.size() - from);
    if (file.synced.size() < from + size) file.synced.resize(from + size);
    const size_t begin = policy == 3 ? dice() % size : 0;
    const size_t end = policy == 3 ? begin + dice() % (size - begin + 1) : size;
    std::memcpy(file.synced.data() + from + begin, file.data.data() + from + begin, end - begin);
  }
  file.data = file.synced;
  file.dirty.clear();
  file.size_dirty = false;
  file.locked = false;
  file.range_holder = nullptr;
}

void SimDisk::cut_folder(Node& folder, std::mt19937_64& dice, unsigned policy) {
  folder.names = folder.synced_names;
  for (const NameChange& change : folder.changes) {
    if (policy == 0 || (policy >= 2 && dice() % 2 == 0)) continue;
    if (!change.removed.empty()) folder.names.erase(change.removed);
    if (!change.added.empty()) folder.names[change.added] = change.node;
  }
  folder.changes.clear();
  folder.synced_names = folder.names;
  for (const auto& [name, node] : folder.names) {
    if (node->folder)
      cut_folder(*node, dice, policy);
    else
      cut_file(*node, dice, policy);
  }
}

void SimDisk::power_cut(uint64_t seed) {
  const std::lock_guard lock(mutex_);
  std::mt19937_64 dice(seed);
  cut_folder(*root_, dice, static_cast<unsigned>(seed % 4));
  ++epoch_;
  calls_ = stop_at_ = fail_at_ = 0;
}

void SimDisk::kill() {
  const std::lock_guard lock(mutex_);
  std::vector<Node*> todo{root_.get()};
  while (!todo.empty()) {
    Node* node = todo.back();
    todo.pop_back();
    node->locked = false;
    node->range_holder = nullptr;
    for (const auto& [name, child] : node->names) todo.push_back(child.get());
  }
  ++epoch_;
  calls_ = stop_at_ = fail_at_ = 0;
}

Bytes SimDisk::contents(const Bytes& path) {
  const std::lock_guard lock(mutex_);
  const NodePtr node = find(path);
  CHECK(node != nullptr);
  return node->data;
}

void SimDisk::put(const Bytes& path, Bytes contents) {
  const std::lock_guard lock(mutex_);
  Bytes name;
  const NodePtr folder = find_folder_of(path, name);
  CHECK(folder != nullptr);
  auto node = std::make_shared<Node>();
  node->data = node->synced = std::move(contents);
  folder->names[name] = folder->synced_names[name] = std::move(node);
}

void SimDisk::flip_bit(const Bytes& path, uint64_t byte, unsigned bit) {
  const std::lock_guard lock(mutex_);
  const NodePtr node = find(path);
  CHECK(node != nullptr && byte < node->data.size());
  node->data[byte] = static_cast<char>(node->data[byte] ^ (1 << bit));
  if (byte < node->synced.size()) node->synced[byte] = node->data[byte];
}

void SimDisk::remove(const Bytes& path) {
  const std::lock_guard lock(mutex_);
  Bytes name;
  const NodePtr folder = find_folder_of(path, name);
  CHECK(folder != nullptr);
  folder->names.erase(name);
  folder->synced_names.erase(name);
}

}  // namespace leat::testing
