-- Deletes the consumers of a group that have nothing pending: each start of a compositor adds one.
--
-- KEYS    [1] the stream
-- ARGV    [1] the group
--         [2] the consumer that stays
-- Returns how many were deleted.
--
-- In one step, so that none reads meanwhile and loses what it read.
--
-- include: calls
local forgotten = 0
for _, flat in ipairs(run('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local each = {}
  for at = 1, #flat, 2 do each[flat[at]] = flat[at + 1] end
  if each.name ~= ARGV[2] and each.pending == 0 then
    run('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], each.name)
    forgotten = forgotten + 1
  end
end
return forgotten
