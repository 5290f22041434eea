-- SPDX-License-Identifier: Apache-2.0
-- token_bucket.lua: a bucket that holds `limit` tokens and is refilled evenly, all of it in one window. Two numbers; lets bursts pass.
-- KEYS: the limit's name and whom it is for. ARGV: limit, window in ms, (unused).
-- → admitted (1 or 0), how many are left, ms until the next one is admitted, the broker's time in ms
--
-- It counts in parts of a token, `window` of them in each, of which `limit` come in every ms: whole numbers, nothing is ever rounded.
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'parts', 'at')
local full = limit * window
local parts = full
if held[1] then parts = math.min(full, held[1] + (now - held[2]) * limit) end
if parts < window then return {0, 0, math.ceil((window - parts) / limit), now} end -- nothing to write: what is held follows
parts = parts - window
redis.call('HSET', KEYS[1], 'parts', string.format('%.0f', parts), 'at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], window)
return {1, math.floor(parts / window), 0, now}
