--!df flags=allow-undeclared-keys
-- Removes every entry that carries one of the tags (KEYS), and the tags themselves.
-- The step of the loop is a string: Lua 5.1 turns it into a number.
for first = 1, #KEYS, ARGV[6] do
  local names, sets = {}, {}
  for i = first, math.min(first + ARGV[6] - 1, #KEYS) do
    names[#names + 1] = KEYS[i]
    sets[#sets + 1] = ARGV[1] .. KEYS[i]
  end
  for _, id in ipairs(redis.call('SUNION', unpack(sets))) do
    redis.call('UNLINK', ARGV[2] .. id)
    if ARGV[5] == '1' then redis.call('SREM', ARGV[4], id) end
  end
  redis.call('UNLINK', unpack(sets))
  redis.call('SREM', ARGV[3], unpack(names))
end
return true
