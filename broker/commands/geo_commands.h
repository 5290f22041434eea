// SPDX-License-Identifier: Apache-2.0
// geo_commands.h: the geo family's handlers that stand in a file of their own, and what the files share. The rows of
// all stand in geo.cc.
#pragma once

#include "broker/commands/context.h"
#include "broker/keyspace/geohash.h"

namespace leat {

// geo_search.cc: what lies within a circle or a box
Outcome georadius(Context&, Args);
Outcome georadius_ro(Context&, Args);
Outcome georadiusbymember(Context&, Args);
Outcome georadiusbymember_ro(Context&, Args);
Outcome geosearch(Context&, Args);
Outcome geosearchstore(Context&, Args);

Result<double> metres_of(View unit);                      // m, km, ft, mi: how long one is
Result<GeoPoint> map_place_of(View longitude, View latitude);
Replied reply_place(ReplySink& reply, GeoPoint place);       // [longitude, latitude]
Replied reply_distance(ReplySink& reply, double distance);  // with four digits, a text in RESP3 too

}  // namespace leat
