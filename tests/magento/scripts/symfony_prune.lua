-- Drops the index entries of ids whose data is gone. No KEYS.
-- ARGV: data prefix, reverse prefix, tag prefix, set of all ids, ids...
local pruned = 0
for i = 5, #ARGV do
  local id = ARGV[i]
  if redis.call('EXISTS', ARGV[1] .. id) == 0 then
    local reverse = ARGV[2] .. id
    for _, tag in ipairs(redis.call('SMEMBERS', reverse)) do
      redis.call('SREM', ARGV[3] .. tag, id)
    end
    redis.call('DEL', reverse)
    redis.call('SREM', ARGV[4], id)
    pruned = pruned + 1
  end
end
return pruned
