-- Reads entries without a group.
--
-- KEYS    [1] the stream
-- ARGV    [1] the first id and [2] the last, as XRANGE takes them
--         [3] how many at most
--         [4] how many bytes of a payload at most; a longer one is left out
-- Returns the entries as `frames` gives them.
--
-- include: calls frames
return frames(run('XRANGE', KEYS[1], ARGV[1], ARGV[2], 'COUNT', ARGV[3]), tonumber(ARGV[4]))
