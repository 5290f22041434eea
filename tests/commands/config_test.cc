// SPDX-License-Identifier: Apache-2.0
#include "broker/config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace leat {

Bytes example_file() { return Bytes(LEAT_SOURCE_DIR) + "/etc/leat.toml"; }

// etc/leat.toml says what the code does: every key is in it, with its default.
TEST(ConfigTest, TheExampleFileHasEveryKeyWithItsDefault) {
  Config fresh, read;
  for (const ConfigKey& key : config_keys()) {  // so that a key missing in the file would show
    if (key.toml_name.empty() || key.name() == "bind" || key.name() == "dir") continue;
    for (const char* other : {"7", "no", "never", "4194305"}) (void)key.set(read, other).ok();
  }
  const Status loaded = read_config_file(example_file(), read);
  ASSERT_TRUE(loaded.ok()) << loaded.text();
  for (const ConfigKey& key : config_keys()) {
    if (key.toml_name.empty()) continue;
    EXPECT_EQ(key.get(read), key.get(fresh)) << key.toml_name;
  }
}

TEST(ConfigTest, AnUnknownKeyNamesTheNearest) {
  Config config;
  const Status set = set_config("durabilty=always", config);
  EXPECT_NE(set.text().find("nearest known key is 'durability'"), View::npos) << set.text();
  EXPECT_FALSE(set_config("port", config).ok());
  EXPECT_FALSE(set_config("port=70000", config).ok());
  EXPECT_FALSE(set_config("durability=sometimes", config).ok());
  EXPECT_TRUE(set_config("limits.clients=7", config).ok());
  EXPECT_EQ(config.clients_max, 7);
}

TEST(ConfigTest, AFileErrorSaysWhere) {
  const Bytes path = ::testing::TempDir() + "leat_config_test.toml";
  std::ofstream(path) << "port = 7000\n[log]\nlevle = \"info\"\n";
  Config config;
  const Status read = read_config_file(path, config);
  EXPECT_NE(read.text().find(path + ":3: unknown key 'log.levle'"), View::npos) << read.text();
  EXPECT_NE(read.text().find("'log.level'"), View::npos) << read.text();
  std::remove(path.c_str());
  EXPECT_FALSE(read_config_file(path, config).ok());
}

TEST(ConfigTest, AnOpenDoorIsRefused) {
  Config config;
  config.bind = "0.0.0.0";
  EXPECT_FALSE(check_config(config).ok());
}

}  // namespace leat
