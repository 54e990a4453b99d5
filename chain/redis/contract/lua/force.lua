-- Points a chain to a payload whatever its stamp, for damage done on purpose; not where live data may be.
--
-- KEYS    [1] pointer
--         [2] record
-- ARGV    [1] what the chain's payload keys begin with
--         [2] the payload's key
--         [3] its stamp
--         [4] its kind of source
--         [5] milliseconds to live
-- Returns 1 where it points there now, else 0.
--
-- include: calls clock kind
local held, record = unpack(run('MGET', KEYS[1], KEYS[2]))
local past = stamp_of(held, ARGV[1])
if past and not RECORDED[kind_of(record, past)] then return 0 end
run('SET', KEYS[1], ARGV[2], 'PX', ARGV[5])
note(KEYS[2], record, past, ARGV[4], ARGV[3], now, now + ARGV[5])
return 1
