# SPDX-License-Identifier: Apache-2.0
# sidekiq.rb: Debian's Sidekiq: jobs at once, in bulk, for later, and one that fails and is tried again.
#
# Used by: ctest:  ruby tests/clients/sidekiq.rb BROKER
# Always:  - the broker and the worker are processes of their own, ended by their pids; jobs are counted;
#          - waiting is BLPOP with an end to it.
require "socket"
require "tmpdir"

JOBS = 100
SECONDS = 60
HERE = __dir__

def expect(wanted, got, what)
  abort "#{what}: expected #{wanted.inspect}, got #{got.inspect}" unless wanted == got
end

def free_port = TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }

def start_broker(binary, folder, port)
  words = if File.basename(binary) == "redis-server"
    [binary, "--port", port.to_s, "--dir", folder]
  else
    [binary, "serve", "--set", "port=#{port}", "--set", "data_dir=#{folder}/data"]
  end
  pid = Process.spawn(*words, out: "#{folder}/broker.log", err: "#{folder}/broker.log")
  started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  begin
    TCPSocket.new("127.0.0.1", port).close
  rescue Errno::ECONNREFUSED
    abort "the broker did not start" if Process.clock_gettime(Process::CLOCK_MONOTONIC) - started > SECONDS
    sleep 0.01 # no event tells that a port will open
    retry
  end
  pid
end

def pop(count)
  Array.new(count) { Sidekiq.redis { |redis| redis.blpop("squares", timeout: SECONDS) }&.last.to_i }.sort
end

Dir.mktmpdir("leat-sidekiq-") do |folder|
  port = free_port
  ENV["LEAT_PORT"] = port.to_s
  broker = start_broker(ARGV.fetch(0), folder, port)
  worker = nil
  begin
    require "#{HERE}/sidekiq_jobs"
    require "sidekiq/api"
    JOBS.times { |number| Square.perform_async(number) }
    Square.perform_bulk((JOBS...2 * JOBS).map { |number| [number] })
    expect(2 * JOBS, Sidekiq::Queue.new.size, "jobs in the queue")
    config = "#{folder}/sidekiq.yml"
    File.write(config, ":concurrency: 4\n:poll_interval_average: 1\n:average_scheduled_poll_interval: 1\n")
    worker = Process.spawn("sidekiq", "-C", config, "-r", "#{HERE}/sidekiq_jobs.rb", out: "#{folder}/sidekiq.log", err: "#{folder}/sidekiq.log")
    expect((0...2 * JOBS).map { |number| number * number }, pop(2 * JOBS), "what the jobs left")
    Square.perform_in(0.5, 20)
    expect([400], pop(1), "a job for later")
    ThirdTime.perform_async
    expect("2", Sidekiq.redis { |redis| redis.blpop("retried", timeout: SECONDS) }&.last, "a job that failed once")
    expect(0, Sidekiq::Queue.new.size + Sidekiq::RetrySet.new.size + Sidekiq::DeadSet.new.size, "jobs left over")
    expect(1, Sidekiq::ProcessSet.new.size, "processes that say they are there")
    puts "sidekiq: done"
  ensure
    [worker, broker].compact.each do |pid|
      Process.kill(pid == worker ? "TERM" : "KILL", pid)
      Process.wait(pid)
    end
  end
end
