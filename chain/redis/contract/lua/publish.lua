-- Moves the pointers of a whole batch, behind the SETs of its payloads in the same request.
--
-- KEYS    n pointers, then their n payloads; where a kind is given, then their n records; and for a publisher that
--         gives way to a live one, then the live publisher's mark.
-- ARGV    [1] n
--         [2] milliseconds by which a stamp may be ahead of Redis's clock
--         [3] the kind of source; empty records nothing
--         then n lengths of the payloads in bytes, then their n last bytes.
-- Returns n words, in order: 'moved', 'older', 'live', 'late', 'future', 'lost', or 'REFUSED <command> <why>'.
--
-- It cannot know what the SETs answered: a payload counts as written where it is as long as ours and ends as ours. What
-- befalls one snapshot concerns it alone. A payload to which no pointer leads in the end is taken back.
--
-- include: calls clock kind forward
local count, ahead, kind = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local pointers = {unpack(KEYS, 1, count)}
local held = run('MGET', unpack(pointers))
local records = kind ~= '' and run('MGET', unpack(KEYS, 2 * count + 1, 3 * count)) or {}
local mark = KEYS[3 * count + 1]
local kept_off = mark and run('PTTL', mark) ~= -2
local function move_one(n, key, length, tail)
  if peek('GETRANGE', key, length - #tail, -1) ~= tail then return 'lost' end
  if kept_off then return 'live' end
  return move(pointers[n], held[n], KEYS[2 * count + n], records[n], key, ends(key), ahead, kind)
end
local words = {}
for n = 1, count do
  local key = KEYS[count + n]
  local fine, word = pcall(move_one, n, key, ARGV[3 + n], ARGV[3 + count + n])
  if (not fine or word == 'live') and held[n] ~= key then redis.pcall('DEL', key) end
  words[n] = word
end
return words
