-- Writes a heatmap model and announces what changed in it, in one step, while its writer leads.
--
-- KEYS    [1] the model
--         [2] the lease by which its writer leads; left out where there are no leases, or on a cluster
-- ARGV    [1] who must hold the lease
--         [2] milliseconds to live
--         [3] the whole model; empty leaves the one that is there, which lives on
--         [4] the channel
--         [5] the message on it; empty for none
-- Returns 'written', or 'written <n>' with the number of readers that heard the message; 'unheard <why>' where it was
--         not announced; 'fenced' where another leads or nobody does; 'gone' where there is no model to leave. Nothing
--         was done for the last two.
--
-- include: calls
if KEYS[2] and run('GET', KEYS[2]) ~= ARGV[1] then return 'fenced' end
if ARGV[3] ~= '' then
  run('SET', KEYS[1], ARGV[3], 'PX', ARGV[2])
elseif run('PEXPIRE', KEYS[1], ARGV[2]) == 0 then
  return 'gone'
end
if ARGV[5] == '' then return 'written' end
local heard = redis.pcall('PUBLISH', ARGV[4], ARGV[5])
if type(heard) == 'table' and heard.err then return 'unheard ' .. heard.err end
return 'written ' .. heard
