// SPDX-License-Identifier: Apache-2.0
#include "broker/tools/salvage.h"

#include "broker/keyspace/loader.h"
#include "broker/keyspace/mender.h"
#include "broker/storage/new_state.h"
#include "broker/storage/proof.h"
#include "broker/storage/snapshot_rows.h"
#include "broker/tools/salvage_replay.h"
#include "wal/backup.h"
#include "wal/folder.h"
#include "wal/new_folder.h"
#include "wal/overlay.h"
#include "wal/recovery.h"
#include "wal/snapshot_rescue.h"

namespace leat {

namespace {

constexpr Index kConfiguration = 1;  // record 1 changes nothing: a log that begins behind it has everything

// What the keyspace is built on, before the log.
enum class Base : uint8_t { kNothing, kSnapshot, kParts };

// Looks at what there is, rebuilds the state in memory, writes it. What it found is kept in between.
class Salvager {
 public:
  Salvager(wal::FileSystem& files, SalvageOptions options, const Tell& tell)
      : files_(files), options_(std::move(options)), tell_(tell), keyspace_(options_.random()) {}

  Result<SalvageReport> run();

 private:
  Status look();
  Status look_at_snapshot();
  Status look_at_log();
  Status choose();
  Status choose_parts();
  Status check_one_cluster() const;
  void tell_no_log();
  // A log that ends before the snapshot does has lost its end without a trace.
  bool log_has_all() const {
    return from_first_.damage.empty() && !from_first_.segments.empty() &&
           (!meta_ || from_first_.last_whole >= meta_->index);
  }

  Status rebuild(const Bytes& folder);
  Status build_base(const Bytes& folder);
  Status mend();
  Status load_mended(wal::SnapshotStore& store, KeyspaceMender& mender, KeyspaceLoader& loader);
  void tell_rows(const wal::SnapshotRescue& rescue, uint64_t known);
  void tell_loss(const KeyspaceMender::Loss& loss);
  Status replay();
  void tell_doubts(const Doubts& doubts);

  Status write(const Bytes& folder);

  wal::FileSystem& files_;
  const SalvageOptions options_;
  const Tell& tell_;
  Keyspace keyspace_;
  SalvageReport report_;

  std::optional<wal::SnapshotMeta> meta_;  // of a snapshot whose table meta is whole
  bool has_snapshot_ = false;              // a file, with something in it
  Bytes snapshot_damage_;                  // empty: it is whole, or there is none
  wal::Survey behind_;                     // of the log, behind the snapshot if that is whole
  wal::Survey from_first_;                 // of the log alone

  Base base_ = Base::kNothing;
  Index after_ = 0;                            // the last record that the base has in it
  Index until_ = UINT64_MAX;                   // the last record to be taken; what is behind it a start would trim
  std::unique_ptr<wal::SnapshotStore> store_;  // the new one
  wal::LogExtent extent_;
};

Result<SalvageReport> Salvager::run() {
  Status done = wal::check_unused(files_, options_.from, "salvage a copy");
  if (!done.ok()) return done;
  auto folder = wal::NewFolder::begin(files_, options_.to);  // early: a name that is taken is told at once
  if (!folder.ok()) return folder.status();
  done = look();
  if (done.ok()) done = rebuild(folder->path());
  if (done.ok()) done = write(folder->path());
  if (!done.ok()) {
    store_.reset();
    folder->give_up();
    return done;
  }
  done = folder->finish();
  if (!done.ok()) return done;
  return std::move(report_);
}

// ---- looking

Status Salvager::look() {
  Status done = look_at_snapshot();
  if (done.ok()) done = look_at_log();
  return done.ok() ? choose() : done;
}

// As a start would open and load it, and each of its pages.
Status Salvager::look_at_snapshot() {
  const auto exists = files_.exists(wal::join_path(options_.from, wal::kSnapshotName));
  if (!exists.ok() || !*exists) return exists.status();
  wal::OverlayFiles overlay(files_);
  const auto store = wal::SnapshotStore::open(overlay, options_.from);
  Status whole = store.ok() ? (*store)->check_pages() : store.status();
  if (whole.ok()) whole = (*store)->load({});
  has_snapshot_ = !whole.ok() || (*store)->meta();
  snapshot_damage_ = Bytes(whole.text());
  if (store.ok()) meta_ = (*store)->meta();
  if (meta_ || !has_snapshot_) return Status::fine();
  const auto rescue = wal::SnapshotRescue::open(overlay, options_.from);
  if (rescue.ok()) meta_ = (*rescue)->meta();  // how far it went says whether the log has all of it
  return Status::fine();
}

Status Salvager::look_at_log() {
  auto alone = wal::survey_folder(files_, options_.from, {.after = kConfiguration}, nullptr, nullptr);
  if (!alone.ok()) return alone.status();
  from_first_ = std::move(*alone);
  const bool whole = has_snapshot_ && snapshot_damage_.empty();
  if (!whole) return Status::fine();
  auto behind = wal::survey_folder(files_, options_.from, {.after = meta_->index, .cluster_id = meta_->cluster_id},
                                   nullptr, nullptr);
  if (!behind.ok()) return behind.status();
  behind_ = std::move(*behind);
  return Status::fine();
}

Status Salvager::choose() {
  if (from_first_.segments.empty() && !has_snapshot_)
    return Status::error(options_.from +
                         " holds no snapshot and no log: there is nothing to salvage. Is it the folder you mean?");
  if (Status one = check_one_cluster(); !one.ok()) return one;
  const bool whole = has_snapshot_ && snapshot_damage_.empty();
  if (whole && behind_.damage.empty() && !behind_.segments.empty()) {
    base_ = Base::kSnapshot;
    until_ = behind_.last_whole;
    report_.base = "the folder is whole";
  } else if (log_has_all()) {
    until_ = from_first_.last_whole;
    report_.base = "the log, which is whole";
    if (has_snapshot_) report_.base += " and goes back to its beginning; the snapshot is damaged";
  } else if (whole) {
    base_ = Base::kSnapshot;
    report_.base = "the snapshot, which is whole, and what is left of the log";
  } else {
    return choose_parts();
  }
  if (base_ == Base::kSnapshot) after_ = meta_->index;
  if (from_first_.segments.empty()) tell_no_log();
  return Status::fine();
}

void Salvager::tell_no_log() {
  ++report_.lost_parts;
  tell_(Finding("lost", "log")
            .text("why", "there is no segment here: what came behind record " + std::to_string(after_) +
                             ", if anything did, is lost"));
}

// Two logs that were mixed cannot be told apart record by record.
Status Salvager::check_one_cluster() const {
  if (!meta_ || from_first_.report.cluster_id == 0 || meta_->cluster_id == from_first_.report.cluster_id)
    return Status::fine();
  return Status::error(
      "the snapshot and the log in " + options_.from +
      " were written by two brokers, so one of them was copied here: move the one that does not belong "
      "away and salvage again");
}

// The snapshot has lost rows; the log has holes, or lacks its beginning. A hole behind the snapshot is there either
// way.
Status Salvager::choose_parts() {
  wal::OverlayFiles overlay(files_);
  const auto rescue = has_snapshot_ ? wal::SnapshotRescue::open(overlay, options_.from)
                                    : Result<std::unique_ptr<wal::SnapshotRescue>>(Status::error("there is none"));
  meta_ = rescue.ok() ? (*rescue)->meta() : std::nullopt;
  const bool usable = meta_ && Keyspace::parse(meta_->state);
  const auto& segments = from_first_.segments;
  const bool log_is_better = usable && !segments.empty() && segments.front().file.named <= kConfiguration + 1 &&
                             from_first_.next > meta_->index;
  if (usable && !log_is_better) {
    base_ = Base::kParts;
    after_ = meta_->index;
    report_.base = "what is left of the snapshot of record " + std::to_string(after_) + ", and of the log";
    if (segments.empty()) tell_no_log();
    return Status::fine();
  }
  if (segments.empty())
    return Status::error("nothing can be read of the snapshot in " + options_.from +
                         ", and there is no log: " + snapshot_damage_);
  report_.base = "what is left of the log";
  if (!has_snapshot_) return Status::fine();
  if (usable) {
    report_.base += ", which goes back to its beginning; the snapshot is damaged";
    return Status::fine();
  }
  report_.base += "; of the snapshot not even its table meta can be used, so nothing says which records are in it";
  tell_(Finding("lost", "snapshot").text("why", snapshot_damage_));
  ++report_.lost_parts;
  return Status::fine();
}

// ---- rebuilding

Status Salvager::rebuild(const Bytes& folder) {
  Status done = build_base(folder);
  return done.ok() ? replay() : done;
}

// The new snapshot begins as the old one where that is whole: what the log changes is then put on top, as a broker
// does.
Status Salvager::build_base(const Bytes& folder) {
  if (base_ == Base::kSnapshot) {
    const auto copied = wal::copy_snapshot(files_, options_.from, folder, 0, nullptr);
    if (!copied.ok()) return copied.status();
  }
  auto store = wal::SnapshotStore::open(files_, folder);
  if (!store.ok()) return store.status();
  store_ = std::move(*store);
  if (base_ == Base::kSnapshot) return load_keyspace(*store_, keyspace_, [](uint64_t, uint64_t) {});
  return base_ == Base::kParts ? mend() : Status::fine();
}

// Row by row out of the damaged snapshot, into the new one and into memory.
Status Salvager::mend() {
  wal::OverlayFiles overlay(files_);
  const auto rescue = wal::SnapshotRescue::open(overlay, options_.from);
  if (!rescue.ok()) return rescue.status();
  KeyspaceLoader loader(keyspace_);
  if (Status begun = loader.begin(meta_->state); !begun.ok()) return begun;
  KeyspaceMender mender(keyspace_.chunks(), *Keyspace::parse(meta_->state));
  uint64_t known = 0;
  const wal::RescueListener rows{
      .on_blob =
          [&](const wal::SnapshotBlob& blob) {
            loader.add_blob(blob.id, blob.bytes);
            mender.add_blob(blob.id);
            return store_->put(blob);
          },
      .on_chunk =
          [&](const wal::SnapshotRow& row) {
            const auto chunk = to_chunk(row);
            if (chunk.ok()) mender.add(*chunk);
            return chunk.status();
          },
      .on_lost =
          [&](const wal::LostRow& row) {
            Finding finding("lost", row.page ? "page" : "row");
            finding.word("table", row.table).number(row.page ? "from_id" : "id", row.id);
            if (row.owner != 0) finding.number("value", row.owner);
            tell_(finding.text("why", row.page ? "the page cannot be read" : "the row does not fit its mark"));
            if (row.owner != 0) mender.miss(row.owner, "a part of it, chunk " + std::to_string(row.id));
            known += !row.page;
            return Status::fine();
          }};
  if (Status read = (*rescue)->read(rows); !read.ok()) return read;
  tell_rows(**rescue, known);
  mender.mend();
  for (const KeyspaceMender::Loss& loss : mender.losses()) tell_loss(loss);
  return load_mended(*store_, mender, loader);
}

Status Salvager::load_mended(wal::SnapshotStore& store, KeyspaceMender& mender, KeyspaceLoader& loader) {
  if (Status begun = loader.begin(Keyspace::encode(mender.state())); !begun.ok()) return begun;
  const Status handed = mender.hand_out([&](const SavedChunk& chunk) {
    const Status put = store.put(wal::SnapshotRow{.id = chunk.id,
                                                  .owner = chunk.owner,
                                                  .kind = static_cast<uint8_t>(chunk.kind),
                                                  .detail = chunk.detail,
                                                  .bytes = chunk.bytes,
                                                  .keeper = nullptr});
    return put.ok() ? loader.add(chunk) : put;
  });
  const Status fits = handed.ok() ? loader.finish([] {}) : handed;
  if (fits.ok()) return fits;
  return Status::error(
      "what is left of the snapshot in " + options_.from + " does not fit together: " + Bytes(fits.text()) +
      ". Restore the folder from a backup: leat restore BACKUP --log " + options_.from + " --to " + options_.to);
}

// Rows that meta counts and that nobody has seen. Which they are is not known: their ids went with their pages.
void Salvager::tell_rows(const wal::SnapshotRescue& rescue, uint64_t known) {
  const uint64_t told = rescue.told().rows, seen = rescue.seen().rows;
  report_.lost_rows = told > seen ? told - seen : 0;
  if (seen >= told && rescue.seen() != rescue.told()) {
    report_.lost_rows = 1;
    tell_(Finding("lost", "rows")
              .text("why", "each row is whole, and together they are not what meta says: some are of another time"));
    return;
  }
  if (report_.lost_rows <= known) return;
  tell_(Finding("lost", "rows")
            .number("count", report_.lost_rows - known)
            .number("of", told)
            .text("why",
                  "they are on pages that cannot be read. Lists, sorted sets and streams may lack entries that no line "
                  "below names"));
}

void Salvager::tell_loss(const KeyspaceMender::Loss& loss) {
  ++report_.lost_parts;
  const View kind = loss.db == kLibraries ? "library" : loss.db == kUsers ? "user" : "key";
  Finding finding("lost", loss.whole ? kind : "part");
  if (loss.db && *loss.db < kDatabases) finding.number("db", *loss.db);
  if (loss.key) finding.text(kind, *loss.key);
  if (loss.owner != 0) finding.number("value", loss.owner);
  tell_(finding.text("what", loss.what));
}

Status Salvager::replay() {
  SalvageReplay replay(keyspace_, std::max(from_first_.synced, behind_.synced), tell_);
  const wal::LogListener listener{
      .on_record = [&](const wal::RecordHeader& header, View body) { return replay.record(header, body); },
      .on_hole = [&](const wal::Hole& hole) { return replay.hole(hole); }};
  auto extent = wal::scan_log(files_, options_.from, after_ + 1, until_, listener);
  if (!extent.ok()) return extent.status();
  extent_ = *extent;
  replay.end(until_ != UINT64_MAX);
  const SalvageReplay::Figures& figures = replay.figures();
  report_.batches = figures.batches;
  report_.effects = figures.effects;
  report_.agreed = replay.doubts().agreed();
  report_.lost_records = figures.records_lost;
  report_.open_end = figures.open_end;
  report_.lost_batches = figures.batches_lost;
  report_.lost_effects = figures.effects_lost;
  tell_doubts(replay.doubts());
  return Status::fine();
}

void Salvager::tell_doubts(const Doubts& doubts) {
  report_.differing_keys = doubts.keys().size();
  for (const auto& [key, index] : doubts.keys()) {
    const bool there = keyspace_.database(key.first).find(key.second).has_value();
    const Bytes why = there ? "it differs from what it was at record " : "it is missing, and was there at record ";
    tell_(Finding("differs", "key")
              .number("db", key.first)
              .text("key", key.second)
              .text("why", why + std::to_string(index)));
  }
}

// ---- writing

Status Salvager::write(const Bytes& folder) {
  report_.index = until_ != UINT64_MAX ? std::max(until_, after_) : std::max(extent_.last, after_);
  report_.time_ms = std::max<TimeMs>(extent_.time_ms, meta_ ? meta_->time_ms : 0);
  const uint64_t cluster_id = meta_ ? meta_->cluster_id : extent_.cluster_id;
  const wal::Configuration ids{.cluster_id = cluster_id != 0 ? cluster_id : options_.random(),
                               .server_id = options_.random()};
  const Status written = write_state(files_, folder, keyspace_, std::move(store_),
                                     {.ids = ids,
                                      .salt = options_.random(),
                                      .term = std::max(extent_.term, meta_ ? meta_->term : 1),
                                      .index = report_.index,
                                      .time_ms = report_.time_ms});
  report_.keys = count_keys(keyspace_);
  report_.digest = keyspace_.digest();
  return written;
}

}  // namespace

Result<SalvageReport> salvage_folder(wal::FileSystem& files, const SalvageOptions& options, const Tell& tell) {
  SalvageOptions clean = options;
  clean.from = wal::without_last_slash(options.from);
  clean.to = wal::without_last_slash(options.to);
  return Salvager(files, std::move(clean), tell).run();
}

}  // namespace leat
