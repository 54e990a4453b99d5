"""The scripts that write: each a single step in Redis, naming the command that this Redis or this user may not run."""

# `run` is redis.call, but a refusal names the command, which Redis itself leaves out, and none of the script's source.
# `peek` is the same for a key that may be of another type, which reads as nothing.
CALLS = """
local function refused(name, reply)
  error('REFUSED ' .. name .. ' ' .. string.gsub(reply.err, '^@[^:]*: *%d*:? *', ''), 0)
end
local function run(name, ...)
  local reply = redis.pcall(name, ...)
  if type(reply) == 'table' and reply.err then refused(name, reply) end
  return reply
end
local function peek(name, ...)
  local reply = redis.pcall(name, ...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  if not string.find(reply.err, 'WRONGTYPE', 1, true) then refused(name, reply) end
end
"""
# Epoch milliseconds at which a key ends, negative where it has no end or is gone. Redis says so since 7.0; before, and
# where a user may not ask, the time left is added to a clock read before it, so that the end is never told too late.
CLOCK = """
local time = run('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function ends(key)
  local exact = redis.pcall('PEXPIRETIME', key)
  if type(exact) == 'number' then return exact end
  local left = run('PTTL', key)
  return left < 0 and left or now + left
end
"""
# `stamp_of` and `kind_of` take what GET or MGET answered. `note` keeps a change of kind for an hour, and its record as
# long after the pointer has run out, so that a change is known across a gap in which nothing was published.
_KIND = """
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
"""
# KEYS: pointer, source; ARGV: what the chain's payload keys begin with. Takes away what is known not to be live.
WITHDRAW = (
    CALLS
    + _KIND
    + """
local held, record = unpack(run('MGET', KEYS[1], KEYS[2]))
local past = stamp_of(held, ARGV[1])
if past and RECORDED[kind_of(record, past)] then return run('DEL', KEYS[1]) end
return 0
"""
)
# KEYS: pointer, source; ARGV: head, the new payload's key, its stamp, its kind, milliseconds to live. For damage done
# on purpose: points where told, unless what stands there may be live.
FORCE = (
    CALLS
    + CLOCK
    + _KIND
    + """
local held, record = unpack(run('MGET', KEYS[1], KEYS[2]))
local past = stamp_of(held, ARGV[1])
if past and not RECORDED[kind_of(record, past)] then return 0 end
run('SET', KEYS[1], ARGV[2], 'PX', ARGV[5])
note(KEYS[2], record, past, ARGV[4], ARGV[3], now, now + ARGV[5])
return 1
"""
)
# KEYS: pointer, source; ARGV: head. Forgets a change of kind; a chain of a publisher that records nothing is noted as
# unknown, so that its next snapshot is no change either.
ACKNOWLEDGE = (
    CALLS
    + _KIND
    + """
local held, record = unpack(run('MGET', KEYS[1], KEYS[2]))
local kind, made, from = string.match(record or '', '^(%l+) (%d+) ?(%l*)')
if not kind then return 0 end
local past = stamp_of(held, ARGV[1])
if past and past ~= made then kind, made, from = 'unknown', past, kind end
if from == '' or from == kind then return 0 end
run('SET', KEYS[2], kind .. ' ' .. made, 'KEEPTTL')
return 1
"""
)

# A pointer moves forward only, to the same deadline as its payload. One held in the future of Redis's own clock, or
# not of the grammar, holds nobody back. MGET answers nothing for what is no string. What is invented or recorded never
# takes the place of what may be live, and the kind of what is written is recorded in the same step. The pointer comes
# last: where anything is refused, it still stands where it stood.
_MOVE = (
    CALLS
    + CLOCK
    + _KIND
    + """
local function move(pointer, held, source, record, key, head, stamp, ahead, deadline, kind)
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
"""
)
# Follows the SETs of all payloads in one request, and so cannot know what they answered: a payload counts as written
# if it is as long as ours and ends as ours. What the SET itself refused is asked again, exactly, by PUT.
# KEYS: pointers and payloads by turns; where a kind is given the records of all; and for what gives way to a live
# publisher its mark.
# What befalls one snapshot concerns it alone. A payload that is not pointed to in the end is taken back.
MOVE_ALL = (
    _MOVE
    + """
local ahead, count, kind = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local answers, pointers, records = {}, {}, {}
for n = 1, count do pointers[n] = KEYS[2 * n - 1] end
local held = run('MGET', unpack(pointers))
if kind ~= '' then records = run('MGET', unpack(KEYS, 2 * count + 1, 3 * count)) end
local mark = KEYS[3 * count + 1]
local kept_off = mark and run('PTTL', mark) ~= -2
local function move_one(n, key, head, stamp, length, tail)
  if peek('GETRANGE', key, length - #tail, -1) ~= tail then return 'lost' end
  if kept_off then return 'live' end
  return move(pointers[n], held[n], KEYS[2 * count + n], records[n], key, head, stamp, ahead, ends(key), kind)
end
for n = 1, count do
  local key, at = KEYS[2 * n], 4 * n
  local fine, said = pcall(move_one, n, key, unpack(ARGV, at, at + 3))
  if (not fine or said == 'live') and held[n] ~= key then redis.pcall('DEL', key) end
  answers[n] = said
end
return answers
"""
)
# The two steps apart: for a cluster, where payload and pointer lie in different slots, and for a place that is taken.
# The same bytes written again keep the deadline of the first time.
PUT = (
    CALLS
    + CLOCK
    + """
if not run('SET', KEYS[1], ARGV[2], 'NX', 'PX', ARGV[1]) and peek('GET', KEYS[1]) ~= ARGV[2] then
  return -1
end
return ends(KEYS[1])
"""
)
# KEYS: pointer; where a kind is given its record; for what gives way to a live publisher its mark. On a cluster that
# lies in another slot, and who publishes asks for it before each cycle.
MOVE = (
    _MOVE
    + """
local kind, record = ARGV[6], nil
if KEYS[3] and run('PTTL', KEYS[3]) ~= -2 then return 'live' end
if kind ~= '' then record = run('MGET', KEYS[2])[1] end
return move(KEYS[1], run('MGET', KEYS[1])[1], KEYS[2], record, ARGV[4], ARGV[1], ARGV[2], ARGV[3], ARGV[5], kind)
"""
)
