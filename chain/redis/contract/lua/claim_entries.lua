-- Claims entries of a group that were read and not acknowledged, whoever has read them.
--
-- KEYS    [1] the stream
-- ARGV    [1] the group
--         [2] the consumer
--         [3] the id from which on, as XPENDING takes it
--         [4] how many at most
--         [5] how many bytes of a payload at most; a longer one is left out
-- Returns the ids of all, and as `frames` gives them the entries that the stream still holds.
--
-- include: calls frames
local ids = {}
for at, each in ipairs(run('XPENDING', KEYS[1], ARGV[1], ARGV[3], '+', ARGV[4])) do ids[at] = each[1] end
if #ids == 0 then return {ids, {}} end
return {ids, frames(run('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, unpack(ids)), tonumber(ARGV[5]))}
