--!df flags=allow-undeclared-keys
-- Saves one cache entry. KEYS are bare tag names; every real key is built here.
-- Returns the entry's former tag list, or '' when it had none.
local entry, data_field, tags_field = ARGV[1] .. ARGV[9], ARGV[2], ARGV[3]
local former = redis.call('HGET', entry, tags_field)
redis.call('HMSET', entry, data_field, ARGV[10], tags_field, ARGV[11], ARGV[4], ARGV[12],
           ARGV[5], ARGV[13])
if ARGV[13] == '0' then redis.call('EXPIRE', entry, ARGV[14]) end
if #KEYS > 0 then
  redis.call('SADD', ARGV[6], unpack(KEYS))
  for _, tag in ipairs(KEYS) do redis.call('SADD', ARGV[7] .. tag, ARGV[9]) end
end
if ARGV[15] == '1' then redis.call('SADD', ARGV[8], ARGV[9]) end
return former or ''
