--!df flags=allow-undeclared-keys
-- KEYS: entry, tag set, set of all ids. ARGV: id, '1' when all ids are kept in a set.
local alive = redis.call('EXISTS', KEYS[1])
if alive == 0 then
  redis.call('SREM', KEYS[2], ARGV[1])
  if ARGV[2] == '1' then redis.call('SREM', KEYS[3], ARGV[1]) end
end
return alive
