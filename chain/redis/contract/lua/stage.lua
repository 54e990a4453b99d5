-- Writes a chain's staging and announces it, in one step: fields, meta, time to live and notice, or nothing at all.
--
-- KEYS    [1] staging
--         [2] where one node holds both: the lease of the compositors
-- ARGV    [1] who writes: what the lease must hold
--         [2] id of the last entry of the stream included
--         [3] milliseconds to live
--         [4] 'whole' replaces everything; 'anew' does, whatever position is held; 'part' changes fields
--         [5] the channel of flushes
--         [6] the notice; empty announces nothing
--         [7] for 'part': the position that we have written before
--         [8] n, the number of fields to be removed
--         then n fields, then the fields to be set, each with its value
-- Returns 'written'; 'unheard', written, and not announced because this user may not; or why nothing is written: 'lost',
--         the lease is another's or nobody's; 'behind', what is held includes more of the stream; 'other', what 'part'
--         would change is not what we have written before: Redis lost it, or went back to an older state.
--
-- On a cluster the lease lies in another slot, and only the position fences.
--
-- include: calls
local key, how, gone = KEYS[1], ARGV[4], tonumber(ARGV[8])
if KEYS[2] and run('GET', KEYS[2]) ~= ARGV[1] then return 'lost' end
local function behind(ms, number, ours)
  local our_ms, our_number = string.match(ours, '^(%d+)%-(%d+)$')
  if not ms then return false end
  if #ms ~= #our_ms then return #ms > #our_ms end  -- numbers beyond what Lua counts exactly, compared as text
  if ms ~= our_ms then return ms > our_ms end
  if #number ~= #our_number then return #number > #our_number end
  return number > our_number
end
if how ~= 'anew' then
  local ms, number = string.match(run('HGET', key, 'meta') or '', '"position":"(%d+)%-(%d+)"')
  if behind(ms, number, ARGV[2]) then return 'behind' end
  if how == 'part' and (ms or '') .. '-' .. (number or '') ~= ARGV[7] then return 'other' end
end
run('PEXPIRE', key, ARGV[3])  -- where this is refused, nothing may be written that would never end
if how ~= 'part' then run('DEL', key) end
local function each(name, from, to)
  for at = from, to, 1000 do run(name, key, unpack(ARGV, at, math.min(at + 999, to))) end
end
each('HDEL', 9, 8 + gone)
each('HSET', 9 + gone, #ARGV)
run('PEXPIRE', key, ARGV[3])
local told = ARGV[6] ~= '' and redis.pcall('PUBLISH', ARGV[5], ARGV[6])
return type(told) == 'table' and told.err and 'unheard' or 'written'
