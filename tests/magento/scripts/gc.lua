--!df flags=allow-undeclared-keys
-- Drops ids whose entry is gone from the tag sets of the tags in KEYS; an empty tag goes entirely.
local block = 7990  -- what one unpack may carry
for _, tag in ipairs(KEYS) do
  local set = ARGV[4] .. tag
  local members = redis.call('SMEMBERS', set)
  local dead = {}
  for _, id in ipairs(members) do
    if redis.call('EXISTS', ARGV[1] .. id) == 0 then dead[#dead + 1] = id end
  end
  if #dead == #members then
    redis.call('UNLINK', set)
    redis.call('SREM', ARGV[2], tag)
  else
    for first = 1, #dead, block do
      redis.call('SREM', set, unpack(dead, first, math.min(first + block - 1, #dead)))
    end
  end
  if ARGV[5] == '1' then
    for _, id in ipairs(dead) do redis.call('SREM', ARGV[3], id) end
  end
end
return true
