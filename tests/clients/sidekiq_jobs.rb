# SPDX-License-Identifier: Apache-2.0
# sidekiq_jobs.rb: what Sidekiq's workers run. Used by: sidekiq.rb, and by the sidekiq process that it starts.
require "sidekiq"

Redis.sadd_returns_boolean = false # a warning of its own about each job, otherwise

url = "redis://127.0.0.1:#{ENV.fetch("LEAT_PORT")}/0"
Sidekiq.configure_server { |config| config.redis = {url: url} }
Sidekiq.configure_client { |config| config.redis = {url: url} }

class Square
  include Sidekiq::Worker

  def perform(number)
    Sidekiq.redis { |redis| redis.rpush("squares", number * number) }
  end
end

class ThirdTime
  include Sidekiq::Worker
  sidekiq_options retry: 5
  sidekiq_retry_in { 0 }

  def perform
    tries = Sidekiq.redis { |redis| redis.incr("tries") }
    raise "not yet" if tries < 2
    Sidekiq.redis { |redis| redis.rpush("retried", tries) }
  end
end
