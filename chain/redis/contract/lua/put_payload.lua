-- Writes one payload, the first of the two steps in which a snapshot is published on a cluster.
--
-- KEYS    [1] payload
-- ARGV    [1] milliseconds to live
--         [2] the payload's bytes
-- Returns epoch milliseconds at which it ends; -1 where other bytes stand there. The same bytes written again keep the
--         deadline of the first time.
--
-- include: calls clock
if not run('SET', KEYS[1], ARGV[2], 'NX', 'PX', ARGV[1]) and peek('GET', KEYS[1]) ~= ARGV[2] then
  return -1
end
return ends(KEYS[1])
