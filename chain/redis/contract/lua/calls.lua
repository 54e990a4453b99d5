-- Shared: calls of Redis whose refusal names the command, which Redis itself leaves out, and none of a script's source.
--
--   run(name, ...)   redis.call, which raises `REFUSED <command> <what Redis said>`.
--   peek(name, ...)  the same for a key that may be of another type, which reads as nil.
local function refused(name, reply)
  error('REFUSED ' .. name .. ' ' .. string.gsub(reply.err, '^@[^:]*: *%d*:? *', ''), 0)
end
local function run(name, ...)
  local reply = redis.pcall(name, ...)
  if type(reply) == 'table' and reply.err then refused(name, reply) end
  return reply
end
local function peek(name, ...)
  local reply = redis.pcall(name, ...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  if not string.find(reply.err, 'WRONGTYPE', 1, true) then refused(name, reply) end
end
