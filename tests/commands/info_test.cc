// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "broker/protocol/words.h"
#include "tests/support/broker_test.h"

namespace leat::testing {

class InfoTest : public BrokerTest {
 public:
  InfoTest() { config.debug_commands = DebugAccess::kLocal; }
  Bytes field(View section, View name) {
    const Bytes text = call("INFO " + Bytes(section)).text, start = "\n" + Bytes(name) + ":";
    const size_t at = text.find(start);
    if (at == Bytes::npos) return "(none)";
    return text.substr(at + start.size(), text.find('\r', at) - at - start.size());
  }
  Bytes stat(View command) { return field("commandstats", "cmdstat_" + Bytes(command)); }
};

// Tools read them without asking whether they are there: those of 7.0.15 but the counters of system calls.
TEST_F(InfoTest, HasRedisFields) {
  const Bytes text = call("INFO everything").text;
  std::set<Bytes> names;
  for (const View line : words_of(text, "\r\n")) {
    const Bytes name(line.substr(0, line.find(':')));
    const bool is_new = line[0] == '#' || names.insert(name).second;
    EXPECT_TRUE(is_new) << name << " is there twice";
  }
  for (
      const View name : words_of(
          "redis_version redis_git_sha1 redis_git_dirty redis_build_id redis_mode os arch_bits monotonic_clock multiplexing_api "
          "atomicvar_api gcc_version process_id process_supervised run_id tcp_port server_time_usec uptime_in_seconds "
          "uptime_in_days hz configured_hz lru_clock executable config_file io_threads_active connected_clients "
          "cluster_connections maxclients client_recent_max_input_buffer client_recent_max_output_buffer blocked_clients "
          "tracking_clients clients_in_timeout_table total_blocking_keys total_blocking_keys_on_nokey total_watched_keys "
          "used_memory used_memory_human used_memory_rss used_memory_rss_human used_memory_peak used_memory_peak_human "
          "used_memory_peak_perc used_memory_overhead used_memory_startup used_memory_dataset used_memory_dataset_perc "
          "allocator_allocated allocator_active allocator_resident total_system_memory total_system_memory_human "
          "used_memory_lua used_memory_vm_eval used_memory_lua_human used_memory_scripts_eval number_of_cached_scripts "
          "number_of_functions number_of_libraries used_memory_vm_functions used_memory_vm_total used_memory_functions "
          "used_memory_scripts maxmemory maxmemory_human maxmemory_policy allocator_frag_ratio allocator_frag_bytes "
          "allocator_rss_ratio allocator_rss_bytes rss_overhead_ratio rss_overhead_bytes mem_fragmentation_ratio "
          "mem_fragmentation_bytes mem_not_counted_for_evict mem_replication_backlog mem_total_replication_buffers "
          "mem_clients_slaves mem_clients_normal mem_cluster_links mem_aof_buffer mem_allocator active_defrag_running "
          "lazyfree_pending_objects lazyfreed_objects loading async_loading current_cow_peak current_cow_size current_fork_perc "
          "rdb_changes_since_last_save rdb_bgsave_in_progress rdb_last_save_time rdb_last_bgsave_status "
          "rdb_last_bgsave_time_sec rdb_current_bgsave_time_sec rdb_saves rdb_last_cow_size aof_enabled aof_rewrite_in_progress "
          "aof_rewrite_scheduled aof_last_rewrite_time_sec aof_current_rewrite_time_sec aof_last_bgrewrite_status "
          "aof_last_write_status aof_last_cow_size module_fork_in_progress total_connections_received total_commands_processed "
          "instantaneous_ops_per_sec total_net_input_bytes total_net_output_bytes rejected_connections sync_full "
          "sync_partial_ok sync_partial_err expired_keys expired_stale_perc expired_time_cap_reached_count "
          "expire_cycle_cpu_milliseconds evicted_keys evicted_clients keyspace_hits keyspace_misses pubsub_channels "
          "pubsub_patterns pubsubshard_channels latest_fork_usec total_forks migrate_cached_sockets "
          "slave_expires_tracked_keys active_defrag_hits tracking_total_keys tracking_total_items tracking_total_prefixes "
          "unexpected_error_replies total_error_replies dump_payload_sanitizations acl_access_denied_auth role "
          "connected_slaves master_failover_state master_replid master_replid2 master_repl_offset second_repl_offset "
          "repl_backlog_active repl_backlog_size repl_backlog_first_byte_offset repl_backlog_histlen used_cpu_sys used_cpu_user "
          "used_cpu_sys_children used_cpu_user_children used_cpu_sys_main_thread used_cpu_user_main_thread cluster_enabled")) {
    EXPECT_TRUE(names.contains(Bytes(name))) << name;
  }
}

TEST_F(InfoTest, TellsWhoWaitsAndWatches) {
  TestClient& one = connect();
  TestClient& two = connect();
  call("XADD s 1-0 f v");
  call("XGROUP CREATE s g $");
  one.send("BLPOP a b 0");
  two.send("XREADGROUP GROUP g c BLOCK 100000 STREAMS s >");
  TestClient& watcher = connect();
  watcher.call("WATCH k l");
  EXPECT_EQ(field("clients", "blocked_clients"), "2");
  EXPECT_EQ(field("clients", "total_blocking_keys"), "3");
  EXPECT_EQ(field("clients", "total_blocking_keys_on_nokey"), "1");
  EXPECT_EQ(field("clients", "clients_in_timeout_table"), "1");
  EXPECT_EQ(field("clients", "watching_clients"), "1");
  EXPECT_EQ(field("clients", "total_watched_keys"), "2");
}

// A command that waits is one when its wait is over, with what came of it.
TEST_F(InfoTest, AWaitIsCountedWhenItEnds) {
  TestClient& waiter = connect();
  const Bytes id = waiter.call("CLIENT ID").text;
  waiter.send("BLPOP l 0");
  EXPECT_EQ(stat("blpop"), "(none)");
  call("RPUSH l a");
  EXPECT_EQ(stat("blpop").substr(0, 8), "calls=1,");
  EXPECT_NE(stat("blpop").find("rejected_calls=0,failed_calls=0"), Bytes::npos);
  waiter.reply();
  waiter.send("BLPOP l 0");
  call("CLIENT UNBLOCK " + id + " ERROR");
  EXPECT_EQ(stat("blpop").substr(0, 8), "calls=2,");
  EXPECT_NE(stat("blpop").find("rejected_calls=0,failed_calls=1"), Bytes::npos);
  EXPECT_EQ(field("errorstats", "errorstat_UNBLOCKED"), "count=1");
  waiter.reply();
  call("ACL SETUSER worker on nopass +@all ~l");
  waiter.call("AUTH worker x");
  waiter.send("BLPOP l 0");
  call("ACL SETUSER worker resetkeys");
  call("RPUSH l b");
  EXPECT_EQ(waiter.reply().text.substr(0, 6), "NOPERM");
  EXPECT_EQ(stat("blpop").substr(0, 8), "calls=2,");
  EXPECT_NE(stat("blpop").find("rejected_calls=1,failed_calls=1"), Bytes::npos);
}

// The error of a script's command is not a second one when it ends the script, or is what the script returns.
TEST_F(InfoTest, ErrorsOfScriptsCountOnce) {
  struct Case {
    const char *script, *errors, *command, *of_command, *of_eval;
  };
  for (const Case& one : {
           Case{"return redis.call('SELECT', 99)", "ERR", "select", "rejected_calls=0,failed_calls=1",
                "failed_calls=1"},
           Case{"return redis.pcall('SELECT', 99)", "ERR", "select", "rejected_calls=0,failed_calls=1",
                "failed_calls=1"},
           Case{"redis.pcall('SELECT', 99) return 1", "ERR", "select", "rejected_calls=0,failed_calls=1",
                "failed_calls=0"},
           Case{"return redis.call('GET')", "ERR", "get", "rejected_calls=1,failed_calls=0", "failed_calls=1"},
           Case{"return redis.error_reply('MYERR x')", "MYERR", "get", "(none)", "failed_calls=1"},
           Case{"return {err = 'MYERR x'}", "MYERR", "get", "(none)", "failed_calls=1"},
           Case{"return {{err = 'MYERR x'}}", nullptr, "get", "(none)", "failed_calls=0"},
           Case{"error('boom')", "ERR", "get", "(none)", "failed_calls=1"},
       }) {
    SCOPED_TRACE(one.script);
    call("CONFIG RESETSTAT");
    client().call_words({"EVAL", one.script, "0"});
    EXPECT_EQ(field("stats", "total_error_replies"), one.errors == nullptr ? "0" : "1");
    if (one.errors != nullptr) {
      EXPECT_EQ(field("errorstats", Bytes("errorstat_") + one.errors), "count=1");
    }
    const Bytes of_command = stat(one.command);
    EXPECT_EQ(of_command.substr(of_command == "(none)" ? 0 : of_command.find("rejected")), one.of_command);
    EXPECT_NE(stat("eval").find(one.of_eval), Bytes::npos) << stat("eval");
  }
}

// What it took to find nothing is counted when it ends.
TEST_F(InfoTest, AWaitTookTime) {
  clock.look_us = 10;
  TestClient& waiter = connect();
  waiter.send("BLPOP l 0");
  call("RPUSH l a");
  clock.look_us = 0;
  EXPECT_EQ(stat("blpop").substr(0, 13), "calls=1,usec=");
  EXPECT_EQ(stat("blpop").find("usec=0,"), Bytes::npos) << stat("blpop");
}

TEST_F(InfoTest, WhatIsFreedLaterIsCounted) {
  for (int i = 0; i < 10'000; ++i) call("RPUSH long " + Bytes(100, 'x'));
  call("CONFIG RESETSTAT");
  call("UNLINK long");
  EXPECT_EQ(field("memory", "lazyfreed_objects"), "1");
  call("MSET a 1 b 2");
  call("FLUSHALL");
  EXPECT_EQ(field("memory", "lazyfreed_objects"), "3");
  EXPECT_EQ(field("memory", "lazyfree_pending_objects"), "0");
  call("CONFIG RESETSTAT");
  EXPECT_EQ(field("memory", "lazyfreed_objects"), "0");
  EXPECT_EQ(call("DEBUG RELOAD"), ok()) << "other databases, the same count";
  EXPECT_EQ(field("memory", "lazyfreed_objects"), "0");
}

}  // namespace leat::testing
