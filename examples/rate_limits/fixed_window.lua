-- SPDX-License-Identifier: Apache-2.0
-- fixed_window.lua: a counter for each window of the broker's clock. The cheapest; around a border twice the limit may pass.
-- KEYS: the limit's name and whom it is for. ARGV: limit, window in ms, (unused).
-- → admitted (1 or 0), how many are left, ms until the next one is admitted, the broker's time in ms
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local start = now - now % window
local key = string.format('%s:%.0f', KEYS[1], start)
local used = tonumber(redis.call('GET', key) or 0)
if used >= limit then return {0, 0, start + window - now, now} end
redis.call('INCR', key)
if used == 0 then redis.call('PEXPIRE', key, window) end
return {1, limit - used - 1, 0, now}
