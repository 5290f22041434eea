// SPDX-License-Identifier: Apache-2.0
// cluster.cc: what a broker that stands alone tells clients of Redis Cluster.
// https://redis.io/docs/latest/commands/?group=cluster
#include "broker/commands/executor.h"
#include "broker/commands/families.h"

namespace leat {

namespace {

Outcome cluster(Context& ctx, Args) { return arity_error(ctx.command); }
Outcome alone(Context&, Args) { return Status::error("ERR This instance has cluster support disabled"); }

constexpr uint32_t kTells = kStale;
constexpr uint32_t kChanges = kAdmin | kStale;
constexpr CommandRow kRows[] = {
    // name                           arity keys          traits             handler
    {"ASKING",                         1,   Keys::none(), kFast,             alone},
    {"CLUSTER",                        -2,  Keys::none(), kContainer,        cluster},
    {"CLUSTER|ADDSLOTS",               -3,  Keys::none(), kChanges,          alone},
    {"CLUSTER|ADDSLOTSRANGE",          -4,  Keys::none(), kChanges,          alone},
    {"CLUSTER|BUMPEPOCH",              2,   Keys::none(), kChanges,          alone},
    {"CLUSTER|COUNT-FAILURE-REPORTS",  3,   Keys::none(), kAdmin | kStale,   alone},
    {"CLUSTER|COUNTKEYSINSLOT",        3,   Keys::none(), kTells,            alone},
    {"CLUSTER|DELSLOTS",               -3,  Keys::none(), kChanges,          alone},
    {"CLUSTER|DELSLOTSRANGE",          -4,  Keys::none(), kChanges,          alone},
    {"CLUSTER|FAILOVER",               -2,  Keys::none(), kChanges,          alone},
    {"CLUSTER|FLUSHSLOTS",             2,   Keys::none(), kChanges,          alone},
    {"CLUSTER|FORGET",                 3,   Keys::none(), kChanges,          alone},
    {"CLUSTER|GETKEYSINSLOT",          4,   Keys::none(), kTells,            alone},
    {"CLUSTER|HELP",                   2,   Keys::none(), kLoading | kStale, alone},
    {"CLUSTER|INFO",                   2,   Keys::none(), kTells,            alone},
    {"CLUSTER|KEYSLOT",                3,   Keys::none(), kTells,            alone},
    {"CLUSTER|LINKS",                  2,   Keys::none(), kTells,            alone},
    {"CLUSTER|MEET",                   -4,  Keys::none(), kChanges,          alone},
    {"CLUSTER|MYID",                   2,   Keys::none(), kTells,            alone},
    {"CLUSTER|MYSHARDID",              2,   Keys::none(), kTells,            alone},
    {"CLUSTER|NODES",                  2,   Keys::none(), kTells,            alone},
    {"CLUSTER|REPLICAS",               3,   Keys::none(), kAdmin | kStale,   alone},
    {"CLUSTER|REPLICATE",              3,   Keys::none(), kChanges,          alone},
    {"CLUSTER|RESET",                  -2,  Keys::none(), kChanges | kNoScript, alone},
    {"CLUSTER|SAVECONFIG",             2,   Keys::none(), kChanges,          alone},
    {"CLUSTER|SET-CONFIG-EPOCH",       3,   Keys::none(), kChanges,          alone},
    {"CLUSTER|SETSLOT",                -4,  Keys::none(), kChanges,          alone},
    {"CLUSTER|SHARDS",                 2,   Keys::none(), kTells,            alone},
    {"CLUSTER|SLAVES",                 3,   Keys::none(), kAdmin | kStale,   alone},
    {"CLUSTER|SLOTS",                  2,   Keys::none(), kTells,            alone},
    {"READONLY",                       1,   Keys::none(), kFast | kLoading | kStale, alone},
    {"READWRITE",                      1,   Keys::none(), kFast | kLoading | kStale, alone},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kClusterFamily{"cluster", kRows};

}  // namespace leat
