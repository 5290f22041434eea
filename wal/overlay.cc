// SPDX-License-Identifier: Apache-2.0
#include "wal/overlay.h"

#include <algorithm>

namespace leat::wal {

namespace {

constexpr uint64_t kPage = 4096;

Status refused(const char* call, const Bytes& path) {
  return Status::error(Bytes("cannot ") + call + " " + path + ": it is only looked at");
}

}  // namespace

// One file: the one below up to `below_size`, zeros from there to `size`, and the pages that were written over both.
struct OverlayFiles::Node {
  std::unique_ptr<File> below;  // null: made here
  uint64_t below_size = 0;
  uint64_t size = 0;
  std::map<uint64_t, Bytes> pages;  // by number

  Status read_below(uint64_t offset, char* to, size_t size) const;
  Result<Bytes*> page_to_write(uint64_t number);
  void truncate(uint64_t new_size);
};

Status OverlayFiles::Node::read_below(uint64_t offset, char* to, size_t wanted) const {
  std::fill(to, to + wanted, '\0');
  if (offset >= below_size) return Status::fine();
  const auto got = below->read(offset, to, static_cast<size_t>(std::min<uint64_t>(wanted, below_size - offset)));
  return got.status();
}

Result<Bytes*> OverlayFiles::Node::page_to_write(uint64_t number) {
  const auto [at, is_new] = pages.try_emplace(number, kPage, '\0');
  if (is_new) {
    Status got = read_below(number * kPage, at->second.data(), kPage);
    if (!got.ok()) return got;
  }
  return &at->second;
}

void OverlayFiles::Node::truncate(uint64_t new_size) {
  size = new_size;
  below_size = std::min(below_size, new_size);
  pages.erase(pages.lower_bound((new_size + kPage - 1) / kPage), pages.end());
  const auto last = pages.find(new_size / kPage);
  if (last != pages.end())
    std::fill(last->second.begin() + static_cast<ptrdiff_t>(new_size % kPage), last->second.end(), '\0');
}

class OverlayFiles::OverlayFile final : public File {
 public:
  explicit OverlayFile(std::shared_ptr<Node> node) : node_(std::move(node)) {}

  Status write(uint64_t offset, View bytes) override {
    while (!bytes.empty()) {
      const size_t within = static_cast<size_t>(offset % kPage);
      const size_t size = std::min(bytes.size(), static_cast<size_t>(kPage) - within);
      const auto page = node_->page_to_write(offset / kPage);
      if (!page.ok()) return page.status();
      (*page)->replace(within, size, bytes.substr(0, size));
      bytes.remove_prefix(size);
      offset += size;
      node_->size = std::max(node_->size, offset);
    }
    return Status::fine();
  }

  Status write_zeros(uint64_t offset, uint64_t size) override { return write(offset, Bytes(size, '\0')); }

  Result<size_t> read(uint64_t offset, char* to, size_t size) override {
    if (offset >= node_->size) return size_t{0};
    size = static_cast<size_t>(std::min<uint64_t>(size, node_->size - offset));
    Status done = node_->read_below(offset, to, size);
    if (!done.ok()) return done;
    for (auto page = node_->pages.lower_bound(offset / kPage); page != node_->pages.end(); ++page) {
      const uint64_t begin = std::max(offset, page->first * kPage);
      const uint64_t end = std::min(offset + size, (page->first + 1) * kPage);
      if (begin >= end) break;
      std::copy_n(page->second.data() + begin % kPage, end - begin, to + (begin - offset));
    }
    return size;
  }

  Status sync() override { return Status::fine(); }
  Status write_back() override { return Status::fine(); }
  Status truncate(uint64_t size) override { return node_->truncate(size), Status::fine(); }
  Result<uint64_t> size() override { return node_->size; }
  Status lock_range(uint64_t, uint64_t) override { return Status::fine(); }

 private:
  std::shared_ptr<Node> node_;
};

OverlayFiles::OverlayFiles(FileSystem& below) : below_(below) {}
OverlayFiles::~OverlayFiles() = default;

Result<std::unique_ptr<File>> OverlayFiles::open(const Bytes& path, OpenMode mode) {
  if (mode == OpenMode::kCreate) nodes_[path] = std::make_shared<Node>();
  auto node = nodes_.find(path);
  if (node == nodes_.end()) {
    auto below = below_.open(path, OpenMode::kRead);
    if (!below.ok()) return below;
    const auto size = (*below)->size();
    if (!size.ok()) return size.status();
    auto found = std::make_shared<Node>(Node{.below = std::move(*below), .below_size = *size, .size = *size});
    node = nodes_.emplace(path, std::move(found)).first;
  }
  if (node->second == nullptr) return Status::error("cannot open " + path + ": it was removed");
  return std::unique_ptr<File>(std::make_unique<OverlayFile>(node->second));
}

Status OverlayFiles::unlink(const Bytes& path) {
  nodes_[path] = nullptr;
  return Status::fine();
}

Result<bool> OverlayFiles::exists(const Bytes& path) {
  const auto node = nodes_.find(path);
  return node == nodes_.end() ? below_.exists(path) : Result<bool>(node->second != nullptr);
}

Status OverlayFiles::rename(const Bytes& from, const Bytes&) { return refused("rename", from); }
Status OverlayFiles::make_folder(const Bytes& path) { return refused("make folder", path); }
Status OverlayFiles::remove_folder(const Bytes& path) { return refused("remove folder", path); }
Result<std::vector<Bytes>> OverlayFiles::list(const Bytes& folder) { return refused("list", folder); }
Result<std::unique_ptr<FileLock>> OverlayFiles::lock(const Bytes& path) { return refused("lock", path); }

namespace {

class NoFiles final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const Bytes& path, OpenMode) override { return refused("open", path); }
  Status rename(const Bytes& from, const Bytes&) override { return refused("rename", from); }
  Status unlink(const Bytes& path) override { return refused("remove", path); }
  Status make_folder(const Bytes& path) override { return refused("make folder", path); }
  Result<uint64_t> free_bytes(const Bytes&) override { return uint64_t{0}; }
  Status remove_folder(const Bytes& path) override { return refused("remove folder", path); }
  Status sync_folder(const Bytes&) override { return Status::fine(); }
  Result<std::vector<Bytes>> list(const Bytes&) override { return std::vector<Bytes>(); }
  Result<bool> exists(const Bytes&) override { return false; }
  Result<std::unique_ptr<FileLock>> lock(const Bytes& path) override { return refused("lock", path); }
  Result<std::optional<Bytes>> lock_owner(const Bytes&) override { return std::optional<Bytes>(); }
};

}  // namespace

std::unique_ptr<FileSystem> no_files() { return std::make_unique<NoFiles>(); }

}  // namespace leat::wal
