-- Shared, after calls: the record of a chain's kind of source, `KIND TS_MS` or `KIND TS_MS BEFORE CHANGED_MS`.
--
--   RECORDED                kinds that are known not to be live.
--   stamp_of(held, head)    the stamp in a pointer's value, as text; nil where that is not of the grammar.
--   kind_of(record, stamp)  the kind of the snapshot of that stamp; 'unknown' where the record is of another one.
--   note(...)               writes the record of a new snapshot.
--
-- `held` and `record` are what GET or MGET answered. A change of kind is told for an hour, and the record is kept as
-- long after the pointer has run out, so that a change is known across a gap in which nothing was published.
local RECORDED = {mock = true, capture = true, replay = true}
local TOLD_MS = 3600000
local function stamp_of(held, head)
  return held and string.sub(held, 1, #head) == head and string.match(held, '^[1-9]%d*$', #head + 1) or nil
end
local function kind_of(record, stamp)
  local kind, made = string.match(record or '', '^(%l+) (%d+)')
  return made == stamp and kind or 'unknown'
end
local function note(source, record, past, kind, stamp, now, deadline)
  local was, _, from, at = string.match(record or '', '^(%l+) (%d+) ?(%l*) ?(%d*)$')
  if past and kind_of(record, past) == 'unknown' then was, from = 'unknown', '' end
  if was and was ~= kind then
    from, at = was, string.format('%.0f', now)
  elseif (from or '') ~= '' and now - tonumber(at) >= TOLD_MS then
    from = ''
  end
  local text = kind .. ' ' .. stamp
  if (from or '') ~= '' then text = text .. ' ' .. from .. ' ' .. at end
  run('SET', source, text, 'PXAT', string.format('%.0f', deadline + TOLD_MS))
end
