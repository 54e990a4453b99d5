-- Moves one pointer to a payload that is written, the second of two steps.
--
-- KEYS    [1] pointer
--         [2] where a kind is given: its record
--         [3] for a publisher that gives way to a live one: the live publisher's mark. On a cluster that lies in
--             another slot, and the publisher asks for it before each cycle.
-- ARGV    [1] the payload's key
--         [2] epoch milliseconds at which the payload ends
--         [3] milliseconds by which a stamp may be ahead of Redis's clock
--         [4] the kind of source; empty records nothing
-- Returns 'moved', 'older', 'live', 'late' or 'future'.
--
-- MGET answers nil for what is no string.
--
-- include: calls clock kind forward
local key, deadline, ahead, kind = unpack(ARGV)
if KEYS[3] and run('PTTL', KEYS[3]) ~= -2 then return 'live' end
local record = kind ~= '' and run('MGET', KEYS[2])[1] or nil
return move(KEYS[1], run('MGET', KEYS[1])[1], KEYS[2], record, key, deadline, ahead, kind)
