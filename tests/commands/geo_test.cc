// SPDX-License-Identifier: Apache-2.0
// Positions and distances are those of redis-server 7.0.15.
#include <cmath>

#include "broker/keyspace/geohash.h"
#include "tests/support/broker_test.h"

namespace leat::testing {

namespace {
const Reply kWrongType = error("WRONGTYPE Operation against a key holding the wrong kind of value");
const Reply kSyntax = error("ERR syntax error");
}  // namespace

class GeoTest : public BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    EXPECT_EQ(call("GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania"), integer(2));
  }
};

TEST_F(GeoTest, Adds) {
  EXPECT_EQ(call("ZSCORE Sicily Palermo"), bulk("3479099956230698"));
  EXPECT_EQ(call("GEOADD Sicily NX 13 38 Palermo 13.583333 37.316667 Agrigento"), integer(1));
  EXPECT_EQ(call("ZSCORE Sicily Palermo"), bulk("3479099956230698"));
  EXPECT_EQ(call("GEOADD Sicily XX CH 13 38 Agrigento 1 1 Nowhere"), integer(1));
  EXPECT_EQ(call("ZSCORE Sicily Nowhere"), null());
  EXPECT_EQ(call("GEOADD Sicily CH 13 38 Agrigento"), integer(0));
  EXPECT_EQ(call("GEOADD Sicily 181 0 x"), error("ERR invalid longitude,latitude pair 181.000000,0.000000"));
  EXPECT_EQ(call("GEOADD Sicily 0 86 x"), error("ERR invalid longitude,latitude pair 0.000000,86.000000"));
  EXPECT_EQ(call("GEOADD Sicily x 0 x"), error("ERR value is not a valid float"));
  EXPECT_EQ(call("GEOADD Sicily NX XX 1 1 x"), kSyntax);
  EXPECT_EQ(call("GEOADD Sicily 1 1 x 2"), kSyntax);
  EXPECT_EQ(call("GEOADD Sicily NX CH NX"), kSyntax);
  EXPECT_EQ(call("GEOADD Sicily 1 1"), error("ERR wrong number of arguments for 'geoadd' command"));
  call("SET s v");
  EXPECT_EQ(call("GEOADD s 1 1 x"), kWrongType);
  EXPECT_EQ(call("GEOADD edge 180 85.05112878 ne -180 -85.05112878 sw"), integer(2));
  EXPECT_EQ(call("GEOPOS edge sw").items[0], array("-179.99999731779098511", "-85.05112751263942528"));
}

TEST_F(GeoTest, PositionsAndHashes) {
  const Reply palermo = array("13.36138933897018433", "38.11555639549629859");
  const Reply catania = array("15.08726745843887329", "37.50266842333162032");
  EXPECT_EQ(call("GEOPOS Sicily Palermo none Catania"), array(palermo, null_array(), catania));
  EXPECT_EQ(call("GEOPOS Sicily"), array());
  EXPECT_EQ(call("GEOPOS none a"), array(null_array()));
  EXPECT_EQ(call("GEOHASH Sicily Palermo Catania none"), array("sqc8b49rny0", "sqdtr74hyu0", null()));
  EXPECT_EQ(call("GEOHASH none a"), array(null()));
  call("SET s v");
  EXPECT_EQ(call("GEOPOS s a"), kWrongType);
  EXPECT_EQ(call("GEOHASH s a"), kWrongType);
  call("HELLO 3");
  EXPECT_EQ(call("GEOPOS Sicily Palermo none"),
            array(array(real("13.36138933897018433"), real("38.11555639549629859")), null3()));
}

TEST_F(GeoTest, Distances) {
  EXPECT_EQ(call("GEODIST Sicily Palermo Catania"), bulk("166274.1516"));
  EXPECT_EQ(call("GEODIST Sicily Palermo Catania km"), bulk("166.2742"));
  EXPECT_EQ(call("GEODIST Sicily Palermo Catania MI"), bulk("103.3182"));
  EXPECT_EQ(call("GEODIST Sicily Palermo Catania ft"), bulk("545518.8700"));
  EXPECT_EQ(call("GEODIST Sicily Palermo Palermo"), bulk("0.0000"));
  EXPECT_EQ(call("GEODIST Sicily Palermo none"), null());
  EXPECT_EQ(call("GEODIST none a b"), null());
  EXPECT_EQ(call("GEODIST Sicily Palermo Catania cm"),
            error("ERR unsupported unit provided. please use M, KM, FT, MI"));
  EXPECT_EQ(call("GEODIST Sicily Palermo Catania m m"), kSyntax);
  call("SET s v");
  EXPECT_EQ(call("GEODIST s a b"), kWrongType);
  call("HELLO 3");
  EXPECT_EQ(call("GEODIST Sicily Palermo Catania km"), bulk("166.2742"));
}

TEST_F(GeoTest, SearchesCircleAndBox) {
  call("GEOADD Sicily 12.758489 38.788135 edge1 17.241510 38.788135 edge2");
  EXPECT_EQ(call("GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km ASC"), array("Catania", "Palermo"));
  EXPECT_EQ(call("GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km DESC"), array("Palermo", "Catania"));
  EXPECT_EQ(call("GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 400 400 km ASC COUNT 3"),
            array("Catania", "Palermo", "edge2"));
  EXPECT_EQ(call("GEOSEARCH Sicily BYRADIUS 100 km FROMMEMBER Palermo ASC"), array("Palermo", "edge1"));
  EXPECT_EQ(call("GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km ASC COUNT 1 WITHDIST"),
            array(array("Catania", "56.4413")));
  EXPECT_EQ(call("GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km ASC COUNT 1 WITHCOORD WITHHASH WITHDIST"),
            array(array("Catania", "56.4413", integer(3479447370796909),
                        array("15.08726745843887329", "37.50266842333162032"))));
  EXPECT_EQ(call("GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1 ANY").items.size(), 1u);
  EXPECT_EQ(call("GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 0 m"), array());
  EXPECT_EQ(call("GEOSEARCH none FROMMEMBER a BYRADIUS 1 m"), array());
  call("HELLO 3");
  EXPECT_EQ(call("GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 60 km WITHDIST WITHCOORD"),
            array(array("Catania", "56.4413", array(real("15.08726745843887329"), real("37.50266842333162032")))));
}

TEST_F(GeoTest, WhatSearchesRefuse) {
  const Bytes search = "GEOSEARCH Sicily ";
  EXPECT_EQ(call(search + "FROMMEMBER x BYRADIUS 1 m"), error("ERR could not decode requested zset member"));
  EXPECT_EQ(call(search + "BYRADIUS 1 m ASC COUNT 1"),
            error("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH"));
  EXPECT_EQ(call("geosearch none FROMMEMBER a ASC COUNT 1"),
            error("ERR exactly one of BYRADIUS and BYBOX can be specified for geosearch"));
  EXPECT_EQ(call(search + "FROMMEMBER Palermo FROMLONLAT 1 1 BYRADIUS 1 m"), kSyntax);
  EXPECT_EQ(call(search + "FROMMEMBER Palermo BYBOX 1 1 m BYRADIUS 1 m"), kSyntax);
  EXPECT_EQ(call(search + "FROMMEMBER Palermo BYRADIUS 1 m ANY"),
            error("ERR the ANY argument requires COUNT argument"));
  EXPECT_EQ(call(search + "FROMMEMBER Palermo BYRADIUS 1 m COUNT 0"), error("ERR COUNT must be > 0"));
  EXPECT_EQ(call(search + "FROMMEMBER Palermo BYRADIUS 1 m COUNT x"),
            error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call(search + "FROMMEMBER Palermo BYRADIUS x m"), error("ERR need numeric radius"));
  EXPECT_EQ(call(search + "FROMMEMBER Palermo BYRADIUS -1 m"), error("ERR radius cannot be negative"));
  EXPECT_EQ(call(search + "FROMMEMBER Palermo BYBOX x 1 m"), error("ERR need numeric width"));
  EXPECT_EQ(call(search + "FROMMEMBER Palermo BYBOX 1 x m"), error("ERR need numeric height"));
  EXPECT_EQ(call(search + "FROMMEMBER Palermo BYBOX 1 -1 m"), error("ERR height or width cannot be negative"));
  EXPECT_EQ(call(search + "FROMMEMBER Palermo BYRADIUS 1 cm"),
            error("ERR unsupported unit provided. please use M, KM, FT, MI"));
  EXPECT_EQ(call(search + "FROMLONLAT 200 0 BYRADIUS 1 m"),
            error("ERR invalid longitude,latitude pair 200.000000,0.000000"));
  EXPECT_EQ(call(search + "FROMMEMBER Palermo BYRADIUS 1 m STORE x"), kSyntax);
  EXPECT_EQ(call("GEORADIUS_RO Sicily 15 37 1 m STORE x"), kSyntax);
  EXPECT_EQ(call("GEOSEARCHSTORE to Sicily FROMMEMBER Palermo BYRADIUS 1 m WITHDIST"),
            error("ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options"));
  EXPECT_EQ(call("GEORADIUS Sicily 15 37 1 m STORE x WITHHASH"),
            error("ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options"));
  call("SET s v");
  EXPECT_EQ(call("GEOSEARCH s FROMMEMBER a BYRADIUS 1 m"), kWrongType);
  EXPECT_EQ(call("GEORADIUS s 200 0 1 m"), kWrongType);
}

TEST_F(GeoTest, Stores) {
  EXPECT_EQ(call("GEOSEARCHSTORE to Sicily FROMLONLAT 15 37 BYRADIUS 200 km ASC"), integer(2));
  EXPECT_EQ(call("ZRANGE to 0 -1 WITHSCORES"), array("Palermo", "3479099956230698", "Catania", "3479447370796909"));
  EXPECT_EQ(call("GEOSEARCHSTORE to Sicily FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1 STOREDIST"), integer(1));
  EXPECT_NEAR(std::stod(call("ZSCORE to Catania").text), 56.4413, 0.0001);
  EXPECT_EQ(call("GEORADIUS Sicily 15 37 200 km STORE Sicily COUNT 1"), integer(1));  // onto itself
  EXPECT_EQ(call("ZRANGE Sicily 0 -1"), array("Catania"));
  EXPECT_EQ(call("GEORADIUSBYMEMBER Sicily Catania 1 km STOREDIST to"), integer(1));
  EXPECT_EQ(call("ZSCORE to Catania"), bulk("0"));
  call("SET to text");
  EXPECT_EQ(call("GEOSEARCHSTORE to none FROMMEMBER a BYRADIUS 1 m"), integer(0));
  EXPECT_EQ(call("EXISTS to"), integer(0));
}

TEST_F(GeoTest, OldForms) {
  EXPECT_EQ(call("GEORADIUS Sicily 15 37 200 km WITHDIST ASC"),
            array(array("Catania", "56.4413"), array("Palermo", "190.4424")));
  EXPECT_EQ(call("GEORADIUS_RO Sicily 15 37 100 km"), array("Catania"));
  EXPECT_EQ(call("GEORADIUSBYMEMBER Sicily Catania 1 km"), array("Catania"));
  EXPECT_EQ(call("GEORADIUSBYMEMBER_RO Sicily Catania 200 km DESC"), array("Palermo", "Catania"));
  EXPECT_EQ(call("GEORADIUSBYMEMBER Sicily x 1 km"), error("ERR could not decode requested zset member"));
  EXPECT_EQ(call("GEORADIUSBYMEMBER none x x cm"), array());  // what is not needed is not read
  EXPECT_EQ(call("GEORADIUS none x 1 1 m"), error("ERR value is not a valid float"));
}

// Every member that a scan of all would find, and in an amount of work that the searched part decides.
TEST_F(GeoTest, FindsWhatAScanWouldFind) {
  uint64_t dice = 12345;
  const auto draw = [&](double most) {
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (static_cast<double>(dice >> 11) / 9007199254740992.0 * 2 - 1) * most;
  };
  std::vector<std::pair<Bytes, GeoPoint>> all;
  for (int i = 0; i < 3000; ++i) {
    const Bytes x = std::to_string(draw(180)), y = std::to_string(draw(85)), name = "m" + std::to_string(i);
    client().call_words({"GEOADD", "world", x, y, name});
    all.emplace_back(name, place_of_score(score_of({std::stod(x), std::stod(y)})));
  }
  for (int i = 0; i < 40; ++i) {
    const Bytes x = std::to_string(draw(180)), y = std::to_string(draw(85));
    const double radius_m = std::pow(10, 5 + (i % 20) / 10.0);
    const Bytes radius = std::to_string(radius_m);
    const Reply found = client().call_words({"GEOSEARCH", "world", "FROMLONLAT", x, y, "BYRADIUS", radius, "m"});
    size_t expected = 0;
    for (const auto& [name, place] : all) expected += distance_m({std::stod(x), std::stod(y)}, place) <= radius_m;
    // Redis' cells end at the map's edges: near the poles, and across the date line at great radii, it finds less.
    EXPECT_LE(found.items.size(), expected);
    const bool inland = std::abs(std::stod(y)) < 60 && std::abs(std::stod(x)) < 120 && radius_m < 1e6;
    EXPECT_TRUE(!inland || found.items.size() == expected) << x << ' ' << y << ' ' << radius_m;
  }
}

TEST_F(GeoTest, FromScriptsAndAsCommandDescribesThem) {
  const auto eval = [&](const Bytes& body) { return client().call_words({"EVAL", body, "1", "Sicily"}); };
  EXPECT_EQ(eval("return redis.call('GEOPOS', KEYS[1], 'Palermo')"),
            array(array("13.36138933897018433", "38.11555639549629859")));
  EXPECT_EQ(eval("redis.setresp(3) return redis.call('GEOPOS', KEYS[1], 'Palermo')[1][1].double > 13"), integer(1));
  EXPECT_EQ(call("COMMAND GETKEYS GEORADIUS a 1 1 1 m STORE b"), array("a", "b"));
  EXPECT_EQ(call("COMMAND GETKEYS GEORADIUSBYMEMBER a m 1 m STOREDIST b"), array("a", "b"));
  EXPECT_EQ(call("COMMAND GETKEYS GEORADIUS a 1 1 1 m"), array("a"));
  EXPECT_EQ(call("COMMAND GETKEYS GEOSEARCHSTORE a b FROMMEMBER m BYRADIUS 1 m"), array("a", "b"));
  const Reply row = call("COMMAND INFO GEORADIUS").items[0];
  EXPECT_EQ(row.items[2], array(simple("write"), simple("denyoom"), simple("movablekeys")));
  EXPECT_EQ(row.items[3], integer(1));
  EXPECT_EQ(row.items[6], array(simple("@write"), simple("@geo"), simple("@slow")));
}

}  // namespace leat::testing
