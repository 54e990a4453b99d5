-- Tells when a stream grew last, and how far a group of readers has come. Entries, of whatever size, stay in Redis.
--
-- KEYS    [1] the stream
-- ARGV    [1] the group
-- Returns {newest id, entries held, entries not read by the group, entries read and not acknowledged}; what is unknown
--         is false. The third is unknown before Redis 7, and where entries were deleted in between.
--
-- Run by EVAL_RO, which cannot write.
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local length = redis.pcall('XLEN', KEYS[1])
local lag, pending = false, false
local groups = redis.pcall('XINFO', 'GROUPS', KEYS[1])
if not groups.err then
  for _, group in ipairs(groups) do
    local told = {}
    for at = 1, #group, 2 do told[group[at]] = group[at + 1] end
    if told['name'] == ARGV[1] then lag, pending = told['lag'] or false, told['pending'] or false end
  end
end
if not newest or type(length) ~= 'number' then length = false end
return {newest and newest[1] or false, length, lag, pending}
