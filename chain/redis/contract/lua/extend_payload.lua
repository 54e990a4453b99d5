-- Lets a payload that is there live on, the first of the two steps in which a snapshot is renewed.
--
-- KEYS    [1] payload
-- ARGV    [1] milliseconds to live from now
-- Returns epoch milliseconds at which it ends; -2 where it is gone.
--
-- It never ends sooner than before: another pointer may lead to it.
--
-- include: calls clock
if ends(KEYS[1]) > now + ARGV[1] then return ends(KEYS[1]) end
run('PEXPIRE', KEYS[1], ARGV[1])
return ends(KEYS[1])
