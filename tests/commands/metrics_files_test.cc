// SPDX-License-Identifier: Apache-2.0
// The alerts and the dashboard speak of figures that are told, and docs/metrics.md explains every one of them.
#include <fstream>
#include <sstream>

#include "broker/metrics.h"
#include "tests/support/class_test.h"
#include "tests/support/scrape.h"

namespace leat::testing {

Bytes file_of_the_tree(const Bytes& path) {
  std::ifstream file(Bytes(LEAT_SOURCE_DIR) + "/" + path);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

// Words that begin with leat_, as they are called in PromQL.
std::set<Bytes> figures_named_in(View text) {
  std::set<Bytes> names;
  for (size_t at = text.find("leat_"); at != View::npos; at = text.find("leat_", at + 1)) {
    const size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_", at);
    names.emplace(text.substr(at, end - at));
  }
  return names;
}

// A broker about which everything is told.
class MetricsFilesTest : public ClassTest {
 public:
  Scrape scrape() {
    call("SET cache:key value");
    call("GET cache:key");
    call("NOSUCH");
    call("SAVE");
    return Scrape(metrics_text(rooms()));
  }
};

TEST_F(MetricsFilesTest, RulesAndDashboardNameWhatIsTold) {
  const Scrape scraped = scrape();
  for (const Bytes& path : {Bytes("etc/prometheus-rules.yml"), Bytes("etc/grafana-dashboard.json")}) {
    const std::set<Bytes> named = figures_named_in(file_of_the_tree(path));
    EXPECT_GE(named.size(), 15u) << path;
    for (const Bytes& name : named) EXPECT_TRUE(scraped.names().contains(name)) << path << " names " << name;
  }
}

TEST_F(MetricsFilesTest, DocumentExplainsWhatIsToldAndEachAlert) {
  const Bytes document = file_of_the_tree("docs/metrics.md"), rules = file_of_the_tree("etc/prometheus-rules.yml");
  const Scrape scraped = scrape();
  for (const auto& [family, type] : scraped.families()) {
    EXPECT_NE(document.find("`" + family + "`"), Bytes::npos) << "docs/metrics.md does not explain " << family;
  }
  constexpr View kAlert = "- alert: ";
  for (size_t at = rules.find(kAlert); at != Bytes::npos; at = rules.find(kAlert, at + 1)) {
    const Bytes name = rules.substr(at + kAlert.size(), rules.find('\n', at) - at - kAlert.size());
    EXPECT_NE(document.find("`" + name + "`"), Bytes::npos) << "docs/metrics.md does not explain " << name;
  }
}

}  // namespace leat::testing
