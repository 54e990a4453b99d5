-- Shared, after calls, clock and kind: a pointer moves forward only, to the same deadline as its payload.
--
--   move(pointer, held, source, record, key, deadline, ahead, kind)
--     pointer, held    the pointer's key, and what it holds
--     source, record   the key of the chain's record, and what it holds; unused where `kind` is empty
--     key, deadline    the payload's key, and epoch milliseconds at which it ends
--     ahead            milliseconds by which a stamp may be ahead of Redis's clock
--   returns 'moved', or why not: 'live', 'late', 'future' or 'older'.
--
-- A pointer that is held in the future of Redis's clock, or that is not of the grammar, holds nobody back. What is
-- invented or recorded never takes the place of what may be live. The pointer comes last: where anything is refused, it
-- still stands where it stood.
local function move(pointer, held, source, record, key, deadline, ahead, kind)
  local head, stamp = string.match(key, '^(.*:)(%d+)$')
  local new, limit = tonumber(stamp), now + ahead
  local past = stamp_of(held, head)
  if past and RECORDED[kind] and not RECORDED[kind_of(record, past)] then return 'live' end
  if now >= tonumber(deadline) then return 'late' end
  if new > limit then return 'future' end
  if past and tonumber(past) > new and tonumber(past) <= limit then return 'older' end
  if kind ~= '' then note(source, record, past, kind, stamp, now, deadline) end
  run('SET', pointer, key, 'PXAT', deadline)
  return 'moved'
end
