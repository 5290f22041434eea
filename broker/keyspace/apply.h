// SPDX-License-Identifier: Apache-2.0
// apply.h: the only door to state: live traffic, recovery and (later) replicas change the keyspace through it.
//
// Used by: Batch::emit, recovery.
// Always:  - sees a keyspace and an effect: no clock, no dice, no configuration;
//          - an effect that does not fit the state is a CHECK: handlers emit only what they have seen;
//          - an emptied list, hash, set or sorted set is gone; an emptied stream stays.
#pragma once

#include "broker/keyspace/keyspace.h"
#include "schemas/effect.h"

namespace leat {

void apply_effect(Keyspace& keyspace, DbIndex db, const Effect& effect);

// One for each kind of effect.
void apply_one(Keyspace&, DbIndex, const StringSet&);
void apply_one(Keyspace&, DbIndex, const StringWrite&);
void apply_one(Keyspace&, DbIndex, const ListPush&);
void apply_one(Keyspace&, DbIndex, const ListPop&);
void apply_one(Keyspace&, DbIndex, const ListSet&);
void apply_one(Keyspace&, DbIndex, const ListInsert&);
void apply_one(Keyspace&, DbIndex, const ListErase&);
void apply_one(Keyspace&, DbIndex, const HashSet&);
void apply_one(Keyspace&, DbIndex, const HashDelete&);
void apply_one(Keyspace&, DbIndex, const HashRevise&);
void apply_one(Keyspace&, DbIndex, const HashSetExpiry&);
void apply_one(Keyspace&, DbIndex, const HashExpire&);
void apply_one(Keyspace&, DbIndex, const SetAdd&);
void apply_one(Keyspace&, DbIndex, const SetRemove&);
void apply_one(Keyspace&, DbIndex, const SortedSetAdd&);
void apply_one(Keyspace&, DbIndex, const SortedSetRemove&);
void apply_one(Keyspace&, DbIndex, const SortedSetErase&);
void apply_one(Keyspace&, DbIndex, const StreamCreate&);
void apply_one(Keyspace&, DbIndex, const StreamAdd&);
void apply_one(Keyspace&, DbIndex, const StreamDelete&);
void apply_one(Keyspace&, DbIndex, const StreamTrim&);
void apply_one(Keyspace&, DbIndex, const StreamSetId&);
void apply_one(Keyspace&, DbIndex, const StreamConfigure&);
void apply_one(Keyspace&, DbIndex, const StreamRemember&);
void apply_one(Keyspace&, DbIndex, const GroupCreate&);
void apply_one(Keyspace&, DbIndex, const GroupDestroy&);
void apply_one(Keyspace&, DbIndex, const GroupSetId&);
void apply_one(Keyspace&, DbIndex, const ConsumerCreate&);
void apply_one(Keyspace&, DbIndex, const ConsumerDelete&);
void apply_one(Keyspace&, DbIndex, const GroupDeliver&);
void apply_one(Keyspace&, DbIndex, const PendingAck&);
void apply_one(Keyspace&, DbIndex, const PendingClaim&);
void apply_one(Keyspace&, DbIndex, const KeyDelete&);
void apply_one(Keyspace&, DbIndex, const KeyExpire&);
void apply_one(Keyspace&, DbIndex, const KeyEvict&);
void apply_one(Keyspace&, DbIndex, const KeySetExpiry&);
void apply_one(Keyspace&, DbIndex, const KeyRename&);
void apply_one(Keyspace&, DbIndex, const KeyCopy&);
void apply_one(Keyspace&, DbIndex, const KeyMove&);
void apply_one(Keyspace&, DbIndex, const DatabaseFlush&);
void apply_one(Keyspace&, DbIndex, const DatabaseSwap&);
void apply_one(Keyspace&, DbIndex, const LibrarySet&);
void apply_one(Keyspace&, DbIndex, const LibraryDelete&);
void apply_one(Keyspace&, DbIndex, const LibrariesFlush&);
void apply_one(Keyspace&, DbIndex, const UserSet&);
void apply_one(Keyspace&, DbIndex, const UserDelete&);
void apply_one(Keyspace&, DbIndex, const KeyDigest&);  // nothing: who replays compares (broker/storage/digests.h)

}  // namespace leat
