// SPDX-License-Identifier: Apache-2.0
#include "broker/config/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace leat {

// Each test is a process of its own, and several run at once.
Bytes own_file() { return ::testing::TempDir() + "leat_config_test." + std::to_string(getpid()) + ".toml"; }

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
  const Bytes path = own_file();
  std::ofstream(path) << "port = 7000\n[log]\nlevle = \"info\"\n";
  Config config;
  const Status read = read_config_file(path, config);
  EXPECT_NE(read.text().find(path + ":3: unknown key 'log.levle'"), View::npos) << read.text();
  EXPECT_NE(read.text().find("'log.level'"), View::npos) << read.text();
  std::remove(path.c_str());
  EXPECT_FALSE(read_config_file(path, config).ok());
}

TEST(ConfigTest, AFileThatCannotBeReadIsNoEmptyOne) {
  Config config;
  EXPECT_EQ(read_config_file("/", config).text(), "/ is a folder: name the file in it");
  EXPECT_EQ(read_config_file("/nosuch/leat.toml", config).text(),
            "cannot read /nosuch/leat.toml (No such file or directory)");
  const Bytes path = own_file();
  std::ofstream(path) << "bind = 127.0.0.1\n";
  const Status read = read_config_file(path, config);
  EXPECT_NE(read.text().find("with quotes around a text"), View::npos) << read.text();
  std::remove(path.c_str());
}

TEST(ConfigTest, SetTakesBooleansAsTheFileDoes) {
  Config config;
  EXPECT_TRUE(set_config("snapshot.on_shutdown=true", config).ok());
  EXPECT_TRUE(config.snapshot_on_shutdown);
  EXPECT_TRUE(set_config("snapshot.on_shutdown=false", config).ok());
  EXPECT_FALSE(config.snapshot_on_shutdown);
  EXPECT_FALSE(set_config("snapshot.on_shutdown=perhaps", config).ok());
  EXPECT_FALSE(set_config("port=true", config).ok());
}

TEST(ConfigTest, BindIsAddressesOfThisMachine) {
  Config config;
  for (const char* good : {"127.0.0.1", "127.0.0.1 -::1", "* -::*", "localhost", ""}) {
    EXPECT_TRUE(set_config("bind=" + Bytes(good), config).ok()) << good;
  }
  for (const char* bad : {"1.2.3", "7", "foo.bar", "127.0.0.1,127.0.0.2"}) {
    const Status set = set_config("bind=" + Bytes(bad), config);
    EXPECT_NE(set.text().find("is no address: bind wants those of this machine, with blanks between them"), View::npos)
        << bad;
  }
}

// What the start says to a file with that text; empty: nothing. "FILE" stands for the file's path.
Bytes refusal_of(const Bytes& text) {
  const Bytes path = own_file();
  std::ofstream(path) << text;
  Config config;
  Status status = read_config_file(path, config);
  if (status.ok()) status = check_config(config);
  std::remove(path.c_str());
  Bytes said(status.text());
  if (const size_t at = said.find(path); at != Bytes::npos) said.replace(at, path.size(), "FILE");
  return said;
}

TEST(ConfigTest, ClassesAreRead) {
  const Bytes path = own_file();
  std::ofstream(path)
      << "[memory]\nmax_bytes = \"1gb\"\n[class.cache]\nprefixes = [\"cache:\", \"a b\"]\ndurability = \"never\"\n"
         "quota = \"512mb\"\nreserve = 1000\npolicy = \"allkeys-lfu\"\nmax_value_bytes = \"1mb\"\n"
         "[class.jobs]\nprefixes = [\"bull:\"]\ndurability_floor = \"interval\"\n";
  Config config;
  ASSERT_TRUE(read_config_file(path, config).ok());
  std::remove(path.c_str());
  ASSERT_TRUE(check_config(config).ok());
  ASSERT_EQ(config.classes.size(), 2u);
  const ClassConfig& cache = config.classes[0];
  EXPECT_EQ(cache.name, "cache");
  EXPECT_EQ(cache.prefixes, (std::vector<Bytes>{"cache:", "a b"}));
  EXPECT_EQ(cache.durability, DurabilityMode::kNever);
  EXPECT_EQ(cache.quota, 512 << 20);
  EXPECT_EQ(cache.reserve, 1000);
  EXPECT_EQ(cache.policy, EvictionPolicy::kAllLfu);
  EXPECT_EQ(cache.max_value_bytes, 1 << 20);
  EXPECT_EQ(config.classes[1].durability_floor, DurabilityMode::kInterval);
  EXPECT_EQ(config.classes[1].policy, EvictionPolicy::kNone);
  EXPECT_TRUE(set_config("class.cache.quota=7mb", config).ok());
  EXPECT_EQ(config.classes[0].quota, 7 << 20);
  EXPECT_TRUE(set_config("class.new.prefixes=n: m:", config).ok());
  EXPECT_EQ(config.classes[2].prefixes, (std::vector<Bytes>{"n:", "m:"}));
  EXPECT_FALSE(set_config("class.cache=1", config).ok());
  EXPECT_FALSE(set_config("class.cache.quotas=1", config).ok());
}

// Each says where, and what to do.
TEST(ConfigTest, AClassThatCannotBeIsRefused) {
  struct Case {
    const char *file, *said;
  };
  const Case cases[] = {
      {"[class.a]\nprefixes = [\"a:\"]\nquotas = 1\n",
       "FILE:3: unknown key 'class.a.quotas'; the nearest known key of a class is 'quota'"},
      {"[class.a]\nprefixes = [\"a:\"]\nquota = \"much\"\n",
       "FILE:3: bad value 'much' for 'class.a.quota': it must be a number of bytes, like 512mb; 0: none"},
      {"[class.a]\nprefixes = [\"a:\"]\nquota = -1\n",
       "FILE:3: bad value '-1' for 'class.a.quota': it must be a number of bytes, like 512mb; 0: none"},
      {"[class.a]\nprefixes = [\"a:\"]\ndurability = \"often\"\n",
       "FILE:3: bad value 'often' for 'class.a.durability': it must be always, interval or never"},
      {"[class.a]\nprefixes = [\"a:\"]\npolicy = \"lru\"\n",
       "FILE:3: bad value 'lru' for 'class.a.policy': it must be one of the words that memory.policy knows, like noeviction or "
       "allkeys-lru"},
      {"[class.a]\nprefixes = \"a:\"\n", "FILE:2: prefixes must be a list of texts, as in prefixes = [\"cache:\"]"},
      {"[class.a]\nprefixes = [1]\n", "FILE:2: every prefix must be a text, as in prefixes = [\"cache:\"]"},
      {"[class.a]\nquota = [1]\n", "FILE:2: 'class.a.quota' must be a text or a whole number"},
      {"[class]\na = 1\n", "FILE:2: 'class.a' must be a table: write [class.a] and its keys below"},
      {"[class.a]\n\n[log]\n",
       "FILE:1: class.a.prefixes is missing: say how its keys begin, as in prefixes = [\"a:\"]"},
      {"[class.a]\nprefixes = [\"\"]\n",
       "FILE:2: class.a.prefixes has an empty text: keys of no class are the default class's already; take it out"},
      {"[class.a]\nprefixes = [\"x:\"]\n[class.b]\nprefixes = [\"y:\", \"x:\"]\n",
       "FILE:4: class.b.prefixes has 'x:', which class.a has already: a key can belong to one class only, take it out of one of "
       "them"},
      {"[class.a]\nprefixes = [\"a:\"]\ndurability = \"interval\"\ndurability_floor = \"always\"\n",
       "FILE:4: class.a.durability_floor is stricter than the class's durability, 'interval': a floor is the weakest that a client "
       "may choose; lower it, or raise durability"},
      {"[class.a]\nprefixes = [\"a:\"]\nquota = 10\nreserve = 11\n",
       "FILE:4: class.a.reserve is more than its quota: what it may never use need not be kept for it; lower it, or raise quota"},
      {"[memory]\nmax_bytes = 100\n[class.a]\nprefixes = [\"a:\"]\nreserve = 60\n[class.b]\nprefixes = [\"b:\"]\nreserve = 41\n",
       "FILE:8: class.b.reserve makes all reserves together more than memory.max_bytes (100): lower one of them, or raise "
       "memory.max_bytes"},
      {"[class.default]\nprefixes = [\"a:\"]\n",
       "FILE:2: 'default' cannot name a class: use up to 64 of a-z, 0-9, '_' and '-'; 'default' is taken"},
      {"[class.\"a=b\"]\nprefixes = [\"a:\"]\n",
       "FILE:2: 'a=b' cannot name a class: use up to 64 of a-z, 0-9, '_' and '-'; 'default' is taken"},
      {"durability = \"interval\"\ndurability_floor = \"always\"\n",
       "durability_floor is stricter than durability: it is the weakest that a client may choose; lower it, or raise durability"},
  };
  for (const auto& [file, said] : cases) EXPECT_EQ(refusal_of(file), said) << file;
}

TEST(ConfigTest, ClassesAndPrefixesAreBounded) {
  Bytes classes, prefixes = "[class.a]\nprefixes = [\"p\"";
  for (int i = 0; i <= 64; ++i)
    classes += "[class.c" + std::to_string(i) + "]\nprefixes = [\"c" + std::to_string(i) + ":\"]\n";
  for (int i = 0; i < 1024; ++i) prefixes += ", \"p" + std::to_string(i) + "\"";
  EXPECT_NE(refusal_of(classes).find("is one class too many: there may be 64"), Bytes::npos) << refusal_of(classes);
  EXPECT_NE(refusal_of(prefixes + "]\n").find("all classes together may have 1024 prefixes"), Bytes::npos);
  EXPECT_NE(refusal_of("[class.a]\nprefixes = [\"" + Bytes(513, 'x') + "\"]\n")
                .find("a prefix of 513 bytes: shorten it to 512"),
            Bytes::npos);
}

TEST(ConfigTest, AnOpenDoorIsRefused) {
  Config config;
  config.bind = "0.0.0.0";
  EXPECT_FALSE(check_config(config).ok());
}

}  // namespace leat
