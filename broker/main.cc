// SPDX-License-Identifier: Apache-2.0
// main.cc: the door: reads the command line, opens the rooms, runs the loop.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <random>

#include "broker/config/config.h"
#include "broker/config/http_tokens.h"
#include "broker/net/server.h"
#include "broker/tools/backup_client.h"
#include "broker/tools/init_tool.h"
#include "broker/tools/restore_tool.h"
#include "broker/tools/tools.h"
#include "broker/version.h"

// Read by jemalloc at its start: freed pages go back to the kernel on a thread of its own, not in the middle of a DEL,
// and within half a second: with jemalloc's ten a broker that had given up 100 MB kept them long after.
extern "C" const char* malloc_conf;
const char* malloc_conf = "background_thread:true,dirty_decay_ms:500";

namespace leat {
namespace {

constexpr int kFine = 0, kRefused = 1, kLogFailed = 2, kOutOfMemory = 3;

constexpr char kHelp[] =
    "leat: a persistent job-queue and stream broker that speaks the Redis protocol.\n"
    "\n"
    "  leat serve [--config FILE] [--set key=value ...]   run the broker (port 6379, loopback, folder ./data)\n"
    "  leat init [DIR | --config FILE] [--host H] [--port N] [--http-port N] [--data DIR]\n"
    "                                                     a first configuration, with a password and tokens; prints the lines\n"
    "                                                     of a .env\n"
    "  leat check DIR                                     read a data folder without changing it; say what it holds\n"
    "  leat dump DIR [--from INDEX]                       print the log, one effect a line\n"
    "  leat backup DIR [--port N] [--host H] [--user U]   a verified copy of a running broker, in a new folder; a password\n"
    "                                                     is taken from LEAT_PASSWORD\n"
    "  leat restore SOURCE --to DATA [--log DATA] [--until INDEX|TIME]\n"
    "                                                     a new data folder out of a backup or a data folder, whole or as\n"
    "                                                     it was at a record or a time (docs/operations.md)\n"
    "  leat salvage DIR --to DATA                         a new data folder out of a damaged one, and a list of what could\n"
    "                                                     not be kept\n"
    "  leat import DUMP.RDB --to DATA                     a new data folder out of a dump of Redis (2.6 to 8.0)\n"
    "  leat --version\n"
    "  leat --help\n"
    "\n"
    "Every key of the configuration, with its default and reason, is in etc/leat.toml;\n"
    "--set reaches the same keys, dotted ones too: --set port=7000 --set data_dir=/srv/leat --set log.level=debug\n";

int refuse(const Bytes& why) {
  std::fprintf(stderr, "leat: %s\n", why.c_str());
  return kRefused;
}

// Ends at once, as a kill would, but with a line that says why. Nothing here may need memory.
void end_without_memory() {
  constexpr View kLine =
      "level=error event=out_of_memory "
      "advice=\"what was acknowledged is in the log: give the broker more memory and start it again\"\n";
  [[maybe_unused]] const ssize_t said = write(STDERR_FILENO, kLine.data(), kLine.size());
  _exit(kOutOfMemory);
}

uint64_t random_seed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

// On standard output, which is nobody's log: they are told once, and kept as digests.
void print_tokens(const std::vector<Broker::FirstToken>& tokens) {
  if (tokens.empty()) return;
  std::puts(
      "# Tokens for HTTP, made at this first start; they are not shown again. The first may do everything, the other only read.");
  for (const auto& [user, secret] : tokens) {
    const char* const name =
        user == kHttpUsers[0].name ? "UPSTASH_REDIS_REST_TOKEN" : "UPSTASH_REDIS_REST_READONLY_TOKEN";
    std::printf("%s=%s\n", name, secret.c_str());
  }
  std::fflush(stdout);
}

int run_broker(Config config, Events& events) {
  const auto files = wal::system_files();
  SystemClock clock;
  Broker broker({*files, clock, events, random_seed()}, config);
  Server server(broker, events);
  if (Status locked = broker.lock_folder(); !locked.ok()) return refuse(Bytes(locked.text()));
  if (Status listening = server.listen(); !listening.ok()) return refuse(Bytes(listening.text()));
  if (Status opened = broker.open(); !opened.ok()) {
    events.error("start_refused", {{"why", opened.text()}});
    return kRefused;
  }
  const auto first = broker.make_first_tokens();
  if (!first.ok()) return refuse(Bytes(first.status().text()));
  print_tokens(*first);
  const wal::RecoveryReport& recovery = broker.log()->recovery();
  events.info("serving", {{"version", kLeatVersion}, {"bind", config.bind}, {"port", broker.port}, {"pid", getpid()},
                          {"data_dir", config.data_dir}, {"records", recovery.records}, {"last_index", recovery.last}});
  server.run();
  if (!broker.failed().ok()) {
    events.error("log_failed", {{"why", broker.failed().text()},
                                {"advice", "nothing was acknowledged since; mend the disk and start again"}});
    return kLogFailed;
  }
  events.info("stopped");
  return kFine;
}

int serve(int count, char** words) {
  Config config;
  std::vector<Bytes> assignments;
  for (int i = 0; i < count; ++i) {
    const View word = words[i];
    if (i + 1 < count && word == "--config") {
      if (Status read = read_config_file(words[++i], config); !read.ok()) return refuse(Bytes(read.text()));
    } else if (i + 1 < count && word == "--set") {
      assignments.emplace_back(words[++i]);
    } else {
      return refuse("'" + Bytes(word) + "' is not an option of serve, or lacks its value; see leat --help");
    }
  }
  for (const Bytes& assignment : assignments) {  // after the file, wherever they stood: --set wins
    if (Status set = set_config(assignment, config); !set.ok()) return refuse(Bytes(set.text()));
  }
  if (Status read = read_given_tokens(config, std::getenv); !read.ok()) return refuse(Bytes(read.text()));
  if (Status checked = check_config(config); !checked.ok()) return refuse(Bytes(checked.text()));
  const auto events = Events::open(config.log_level, config.log_file);
  if (!events.ok()) return refuse(Bytes(events.status().text()));
  std::set_new_handler(end_without_memory);
  return run_broker(std::move(config), **events);
}

int dump(int count, char** words) {
  Index from = 0;
  if (count == 3 && View(words[1]) == "--from") {
    char* end;
    from = std::strtoull(words[2], &end, 10);
    if (*end != 0 || words[2][0] == 0) return refuse("--from wants an index, a whole number");
  } else if (count != 1) {
    return refuse("usage: leat dump DIR [--from INDEX]");
  }
  return dump_data(*wal::system_files(), words[0], from);
}

struct Option {
  View name;
  Bytes* value;
};

// The one word that is no option, and the values of those that are; both must be there once at most.
Status read_words(int count, char** words, Bytes& subject, std::initializer_list<Option> options) {
  for (int i = 0; i < count; ++i) {
    const View word = words[i];
    const auto* option =
        std::find_if(options.begin(), options.end(), [&](const Option& one) { return one.name == word; });
    if (option != options.end() && i + 1 < count) *option->value = words[++i];
    else if (!word.starts_with("--") && subject.empty()) subject = Bytes(word);
    else
      return Status::error("'" + Bytes(word) +
                           "' is not an option, lacks its value, or is one too many; see leat --help");
  }
  return Status::fine();
}

int init(int count, char** words) {
  InitOptions options;
  const Status read = read_words(count, words, options.folder,
                                 {{"--config", &options.file}, {"--host", &options.host}, {"--port", &options.port},
                                  {"--http-port", &options.http_port}, {"--data", &options.data}});
  if (!read.ok()) return refuse(Bytes(read.text()));
  if (!options.file.empty() && !options.folder.empty())
    return refuse("a folder and --config cannot both be: the file says where");
  return init_broker(std::move(options));
}

int backup(int count, char** words) {
  BackupOptions options;
  const Status read = read_words(count, words, options.folder,
                                 {{"--port", &options.port}, {"--host", &options.host}, {"--user", &options.user}});
  if (!read.ok()) return refuse(Bytes(read.text()));
  if (options.folder.empty()) return refuse("usage: leat backup DIR [--port N] [--host H] [--user U]");
  if (const char* password = std::getenv("LEAT_PASSWORD"); password != nullptr) options.password = password;
  return backup_broker(options);
}

int restore(int count, char** words) {
  wal::RestoreOptions options;
  Bytes until;
  const Status read =
      read_words(count, words, options.source, {{"--to", &options.to}, {"--log", &options.log}, {"--until", &until}});
  if (!read.ok()) return refuse(Bytes(read.text()));
  if (options.source.empty() || options.to.empty()) {
    return refuse("usage: leat restore SOURCE --to DATA [--log DATA] [--until INDEX|TIME]");
  }
  if (!until.empty()) {
    const auto moment = parse_moment(until);
    if (!moment.ok()) return refuse(Bytes(moment.status().text()));
    options.until = *moment;
  }
  return restore_data(*wal::system_files(), std::move(options));
}

int salvage(int count, char** words) {
  Bytes from, to;
  const Status read = read_words(count, words, from, {{"--to", &to}});
  if (!read.ok()) return refuse(Bytes(read.text()));
  if (from.empty() || to.empty()) return refuse("usage: leat salvage DIR --to DATA");
  return salvage_data(*wal::system_files(), from, to);
}

int import_dump(int count, char** words) {
  Bytes file, to;
  const Status read = read_words(count, words, file, {{"--to", &to}});
  if (!read.ok()) return refuse(Bytes(read.text()));
  if (file.empty() || to.empty()) return refuse("usage: leat import DUMP.RDB --to DATA");
  return import_data(*wal::system_files(), file, to, SystemClock().wall_ms());
}

int run(int count, char** words) {
  const View command = count > 1 ? View(words[1]) : View("--help");
  const bool asks_help = count > 2 && (View(words[2]) == "--help" || View(words[2]) == "-h");
  if (command == "--version" || command == "-v" || command == "version")
    return std::printf("leat %s\n", Bytes(kLeatVersion).c_str()), kFine;
  if (asks_help || command == "--help" || command == "-h" || command == "help") return std::fputs(kHelp, stdout), kFine;
  if (command == "serve") return serve(count - 2, words + 2);
  if (command == "init") return init(count - 2, words + 2);
  if (command == "check") {
    return count == 3 ? check_data(*wal::system_files(), words[2]) : refuse("usage: leat check DIR");
  }
  if (command == "backup") return backup(count - 2, words + 2);
  if (command == "restore") return restore(count - 2, words + 2);
  if (command == "salvage") return salvage(count - 2, words + 2);
  if (command == "import") return import_dump(count - 2, words + 2);
  if (command == "dump") return dump(count - 2, words + 2);
  return refuse("'" + Bytes(command) + "' is not a command; see leat --help");
}

}  // namespace
}  // namespace leat

int main(int count, char** words) { return leat::run(count, words); }
