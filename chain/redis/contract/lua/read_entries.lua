-- Reads entries that nobody of a group has read, and tells which the stream still held at that moment.
--
-- KEYS    [1] the stream
-- ARGV    [1] the group
--         [2] the consumer
--         [3] how many at most
--         [4] how many bytes of a payload at most; a longer one is left out
-- Returns the id of the oldest entry held, empty where none was read; and the entries as `frames` gives them.
--
-- include: calls frames
local streams = run('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[3], 'STREAMS', KEYS[1], '>')
if not streams then return {'', {}} end
local held = run('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
return {held[1] and held[1][1] or '', frames(streams[1][2], tonumber(ARGV[4]))}
