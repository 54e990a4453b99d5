-- Tells when a stream grew last. The entry itself, of whatever size, stays in Redis.
--
-- KEYS    [1] the stream
-- ARGV    none
-- Returns the newest entry's id; nil where there is none.
--
-- Run by EVAL_RO, which cannot write.
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
return newest and newest[1]
