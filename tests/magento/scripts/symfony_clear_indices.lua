-- Deletes every key that matches one of the patterns (ARGV), found by SCAN inside the script.
local deleted = 0
for _, pattern in ipairs(ARGV) do
  local cursor = '0'
  repeat
    local page = redis.call('SCAN', cursor, 'MATCH', pattern, 'COUNT', 1000)
    cursor = page[1]
    if #page[2] > 0 then deleted = deleted + redis.call('DEL', unpack(page[2])) end
  until cursor == '0'
end
return deleted
