-- Tells where a stream stands, without the entries that XINFO STREAM adds.
--
-- KEYS    [1] the stream
-- ARGV    none
-- Returns the id of the last entry ever added, and that of the oldest still held, empty where none is; nil without a
--         stream.
--
-- include: calls
local flat = redis.pcall('XINFO', 'STREAM', KEYS[1])
if flat.err and string.find(flat.err, 'no such key', 1, true) then return false end
if flat.err then refused('XINFO', flat) end
local stream = {}
for at = 1, #flat, 2 do stream[flat[at]] = flat[at + 1] end
local oldest = stream['first-entry']
return {stream['last-generated-id'], oldest and oldest[1] or ''}
