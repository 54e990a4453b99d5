-- Forgets a change of kind. A chain of a publisher that records nothing is noted as unknown, so that its next snapshot
-- is no change either.
--
-- KEYS    [1] pointer
--         [2] record
-- ARGV    [1] what the chain's payload keys begin with
-- Returns 1 where a change was told, else 0.
--
-- include: calls kind
local held, record = unpack(run('MGET', KEYS[1], KEYS[2]))
local kind, made, from = string.match(record or '', '^(%l+) (%d+) ?(%l*)')
if not kind then return 0 end
local past = stamp_of(held, ARGV[1])
if past and past ~= made then kind, made, from = 'unknown', past, kind end
if from == '' or from == kind then return 0 end
run('SET', KEYS[2], kind .. ' ' .. made, 'KEEPTTL')
return 1
