-- SPDX-License-Identifier: Apache-2.0
-- snapshot.sql: snapshot.db, the state of a broker at one index of its log.                                   [SQLite]
--
-- Used by: wal/snapshot_store, which makes the file with it. Anyone may open it with `sqlite3` while no broker runs on
--          the folder; start with the table meta.
-- Always:  - the file is a snapshot whole, of the index that meta names, or of nothing while meta is empty: one
--            transaction leads from one to the next, and snapshot.db-journal takes an unfinished one back;
--          - a row is the bytes that the broker gave and their mark. What is in the bytes only the keyspace knows;
--          - a new layout is a new user_version: a leat refuses a file that it does not know.
--
-- Databases, values, consumer groups, libraries of functions and users are all chunks: meta.state says which value is the
-- key table of a database, and, where there are libraries or users, which one is that of their names and texts.
--
-- Unsigned 64-bit numbers (owner, ids, mark, digest) stand in SQLite's signed integers bit by bit: printf('%016x', mark).
-- A mark is XXH3-64 of the row's bytes; its seed is XXH3-64 of the row's other columns, little-endian and packed, with a
-- tag for the table in front (wal/snapshot.cc). So a row is good only under its own id and in its own table.

PRAGMA page_size = 4096;
PRAGMA auto_vacuum = INCREMENTAL;  -- a shrunken keyspace gives its pages back a few at a time
PRAGMA application_id = 0x6c656174;  -- "leat"; `file snapshot.db` shows it
PRAGMA user_version = 1;

BEGIN;

-- A packed run of entries, about 4 KB. Up to about 4,000 bytes it fits a page, and changing it costs two page writes
-- (the journal's and its own); a longer one takes two pages.
CREATE TABLE chunks (
  id INTEGER PRIMARY KEY,   -- the chunk's, permanent and never reused
  owner INTEGER NOT NULL,   -- the value that the chunk is part of
  kind INTEGER NOT NULL,    -- what the bytes are
  detail INTEGER NOT NULL,  -- what the keyspace orders or counts by: which piece of a long string, from 1 on
  mark INTEGER NOT NULL,    -- before the bytes, so that reading it touches one page
  bytes BLOB NOT NULL
);

-- An entry too long for a chunk. It never changes, chunks point to it.
CREATE TABLE blobs (
  id INTEGER PRIMARY KEY,
  mark INTEGER NOT NULL,
  bytes BLOB NOT NULL
);

-- One row, once there is a snapshot.
CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  cluster_id INTEGER NOT NULL,  -- whose log this is
  server_id INTEGER NOT NULL,
  term INTEGER NOT NULL,        -- of the record log_index
  log_index INTEGER NOT NULL,   -- the last record whose effects are in here; the log goes on behind it
  time_ms INTEGER NOT NULL,     -- of that record
  row_count INTEGER NOT NULL,   -- of chunks and blobs together
  digest INTEGER NOT NULL,      -- the sum of all their marks, modulo 2^64
  mark INTEGER NOT NULL,        -- of this row
  state BLOB NOT NULL           -- what the keyspace needs beside its chunks
);

COMMIT;
