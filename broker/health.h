// SPDX-License-Identifier: Apache-2.0
// health.h: what GET /health tells: whether the broker serves, in a word for load balancers and figures for people.
//
// Used by: the HTTP door, which answers 503 unless healthy().
// Always:  - may be asked at any time, also while loading, when there is no log yet;
//          - it costs some additions, so that anybody may ask often;
//          - nothing that a stranger should not know; a known caller learns more, but nothing of any key.
#pragma once

#include "broker/rooms.h"

namespace leat {

enum class HealthCaller : uint8_t { kAnybody, kKnown };

bool healthy(Rooms& rooms);  // neither loading nor failed
// {"status":"ok","uptime_s":12,"index":34,"durable_index":34,"loading":false,"role":"master"}; for a known caller also
// hit_rate, hits, misses, operations_total, memory_used_bytes and clients.
Bytes health_json(Rooms& rooms, HealthCaller caller);

}  // namespace leat
