-- SPDX-License-Identifier: Apache-2.0
-- sliding_window.lua: the times of the last requests, a member each. Exact at every moment; costs memory for each request.
-- KEYS: the limit's name and whom it is for. ARGV: limit, window in ms, a name for this request that no other has.
-- → admitted (1 or 0), how many are left, ms until the next one is admitted, the broker's time in ms
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local used = redis.call('ZCARD', KEYS[1])
if used >= limit then
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
  return {0, 0, tonumber(oldest) + window - now, now}
end
redis.call('ZADD', KEYS[1], now, ARGV[3])
redis.call('PEXPIRE', KEYS[1], window)
return {1, limit - used - 1, 0, now}
