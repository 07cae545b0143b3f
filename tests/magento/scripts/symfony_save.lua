-- Keeps both indices of an item that was just stored. No KEYS.
-- ARGV: data key, id, set of all ids, tag prefix, namespace, reverse key, tags...
local data, id, all, prefix, reverse = ARGV[1], ARGV[2], ARGV[3], ARGV[4] .. ARGV[5], ARGV[6]
if redis.call('EXISTS', data) == 0 then return 0 end
local kept = {}
for i = 7, #ARGV do kept[ARGV[i]] = true end
for _, tag in ipairs(redis.call('SMEMBERS', reverse)) do
  if not kept[tag] then redis.call('SREM', prefix .. tag, id) end
end
redis.call('SADD', all, id)
redis.call('DEL', reverse)
for i = 7, #ARGV do
  redis.call('SADD', prefix .. ARGV[i], id)
  redis.call('SADD', reverse, ARGV[i])
end
return 1
