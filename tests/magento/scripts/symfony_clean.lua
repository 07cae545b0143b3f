-- Removes items that carry one of the tags (KEYS, bare names) and, when a scope is given, carry
-- that tag too. ARGV: data prefix, reverse prefix, tag prefix, set of all ids, scope or ''.
local sets, within = {}, nil
for i, tag in ipairs(KEYS) do sets[i] = ARGV[3] .. tag end
if ARGV[5] ~= '' then
  within = {}
  for _, id in ipairs(redis.call('SMEMBERS', ARGV[3] .. ARGV[5])) do within[id] = true end
end
local removed = 0
for _, id in ipairs(redis.call('SUNION', unpack(sets))) do
  if not within or within[id] then
    local reverse = ARGV[2] .. id
    for _, tag in ipairs(redis.call('SMEMBERS', reverse)) do
      redis.call('SREM', ARGV[3] .. tag, id)
    end
    redis.call('DEL', reverse, ARGV[1] .. id)
    redis.call('SREM', ARGV[4], id)
    removed = removed + 1
  end
end
return removed
