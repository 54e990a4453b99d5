-- Shared, after calls: Redis's own clock.
--
--   now        epoch milliseconds at which the script began.
--   ends(key)  epoch milliseconds at which a key ends; -1 where it has no end, -2 where it is gone.
--
-- Redis tells an end exactly since 7.0. Before, and where a user may not ask, the time left is added to a clock that
-- was read before it, so that the end is never told too late.
local time = run('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function ends(key)
  local exact = redis.pcall('PEXPIRETIME', key)
  if type(exact) == 'number' then return exact end
  local left = run('PTTL', key)
  return left < 0 and left or now + left
end
