-- Deletes a chain's pointer where it is known not to lead to live data.
--
-- KEYS    [1] pointer
--         [2] record
-- ARGV    [1] what the chain's payload keys begin with
-- Returns 1 where it was deleted, else 0.
--
-- include: calls kind
local held, record = unpack(run('MGET', KEYS[1], KEYS[2]))
local past = stamp_of(held, ARGV[1])
if past and RECORDED[kind_of(record, past)] then return run('DEL', KEYS[1]) end
return 0
