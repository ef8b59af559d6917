"""What a server of Redis does for a log, in Lua: each script as a whole, or not at all.

Their keys are those of :mod:`.redis`, in its order.
"""

# Whether (n, tail) is a place in the log. Where it is none, replicas go on from the snapshot. Where
# the log does not lead on from that either, because keys or entries were removed, it is marked as
# left, and the first replica that is at a place in the log writes another one.
_PLACE = """
local function is_usable()
  local kept = redis.call('HMGET', KEYS[3], 'n', 'left')
  return kept[1] and not kept[2]
end
local function is_place(n, tail)
  local head = redis.call('HMGET', KEYS[1], 'n', 'tail', 'base', 'base_tail')
  if not head[1] then return false end
  if n == head[1] then return tail == head[2] end
  if n == head[3] then return tail == head[4] end
  local found = redis.call('XRANGE', KEYS[2], n .. '-0', n .. '-0')
  if #found == 1 then return found[1][2][2] == tail end
  local kept = redis.call('HMGET', KEYS[3], 'n', 'tail')
  if n == kept[1] and tail == kept[2] then
    redis.call('HSET', KEYS[3], 'left', 1)
    error({err = 'ERR ' .. KEYS[2] .. ' does not lead on from the snapshot at ' .. n})
  end
  return false
end
local function keep(n, tail, state)
  redis.call('DEL', KEYS[3])
  redis.call('HSET', KEYS[3], 'n', n, 'tail', tail, 'state', state)
end
"""
# Entries that nobody counted are not of a replica: they make a batch that nobody can read.
APPEND = (
    _PLACE
    + """
if not is_place(ARGV[1], ARGV[2]) then return 0 end
local head = redis.call('HMGET', KEYS[1], 'n', 'tail', 'base')
local last = head[1] .. '-0'
if head[1] ~= head[3] and #redis.call('XRANGE', KEYS[2], last, last) == 0 then
  redis.call('HSET', KEYS[1], 'base', head[1], 'base_tail', head[2])
  if redis.call('HGET', KEYS[3], 'n') ~= head[1] then redis.call('HSET', KEYS[3], 'left', 1) end
end
local n = tonumber(head[1])
local strange = redis.call('XRANGE', KEYS[2], '(' .. last, '+')
if #strange > 0 then
  for _, entry in ipairs(strange) do redis.call('XDEL', KEYS[2], entry[1]) end
  redis.call('XSETID', KEYS[2], last)
  n = n + 1
  redis.call('XADD', KEYS[2], string.format('%d-0', n), 't', 'strange', 'b', '')
end
redis.call('XADD', KEYS[2], string.format('%d-0', n + 1), 't', ARGV[3], 'b', ARGV[4])
redis.call('HSET', KEYS[1], 'n', n + 1, 'tail', ARGV[3])
return 1
"""
)
READ = (
    _PLACE
    + """
if not is_usable() or not is_place(ARGV[1], ARGV[2]) then return false end
local n = redis.call('HGET', KEYS[1], 'n')
if n == ARGV[1] then return {} end
local found = redis.call('XRANGE', KEYS[2], '(' .. ARGV[1] .. '-0', n .. '-0', 'COUNT', ARGV[3])
local function id(place) return string.format('%d-0', ARGV[1] + place) end
while #found > 0 and found[#found][1] ~= id(#found) do table.remove(found) end
if #found > 0 then return found end
if tonumber(redis.call('HGET', KEYS[3], 'n')) > tonumber(ARGV[1]) then return false end
redis.call('HSET', KEYS[3], 'left', 1)
return redis.error_reply('ERR entry ' .. id(1) .. ' is missing in ' .. KEYS[2])
"""
)
BEGIN = (
    _PLACE
    + """
local kept = redis.call('HMGET', KEYS[3], 'n', 'tail')
if redis.call('EXISTS', KEYS[1]) == 1 then
  if is_usable() then return 0 end
  if is_place(ARGV[1], ARGV[2]) then
    keep(ARGV[1], ARGV[2], ARGV[3])
    return 1
  end
  return redis.error_reply('ERR ' .. KEYS[3] .. ' is lost until a living replica writes it anew')
end
local n, tail = ARGV[1], ARGV[2]
if kept[1] and tonumber(kept[1]) >= tonumber(n) then
  n, tail = kept[1], kept[2]
  redis.call('HDEL', KEYS[3], 'left')
else
  keep(n, tail, ARGV[3])
end
redis.call('XLEN', KEYS[2])
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[1], 'n', n, 'tail', tail, 'base', n, 'base_tail', tail)
return 1
"""
)
SNAPSHOT = (
    _PLACE
    + """
if redis.call('EXISTS', KEYS[1]) == 0 or not is_usable() then return false end
return redis.call('HMGET', KEYS[3], 'n', 'tail', 'state')
"""
)
ALIVE = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[4], now, ARGV[1])
redis.call('HSET', KEYS[5], ARGV[1], ARGV[2])
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', '(' .. (now - ARGV[3]))) do
  redis.call('ZREM', KEYS[4], gone)
  redis.call('HDEL', KEYS[5], gone)
end
return redis.call('ZCARD', KEYS[4])
"""
LEASE = "return redis.call('SET', KEYS[6], ARGV[1], 'NX', 'PX', ARGV[2])"
READERS = """
local since, found = redis.call('TIME')[1] - ARGV[1], {}
for _, replica in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], since, '+inf')) do
  local read = redis.call('HGET', KEYS[5], replica)
  if read then
    table.insert(found, replica)
    table.insert(found, read)
  end
end
return found
"""
SAVE = (
    _PLACE
    + """
if not is_place(ARGV[1], ARGV[2]) then return 0 end
local kept = redis.call('HGET', KEYS[3], 'n')
if kept and tonumber(kept) > tonumber(ARGV[1]) then return 0 end
keep(ARGV[1], ARGV[2], ARGV[3])
local base = tonumber(ARGV[1])
for _, read in ipairs(redis.call('HVALS', KEYS[5])) do
  base = math.min(base, tonumber(read))
end
local name = string.format('%d', base)
local found = redis.call('XRANGE', KEYS[2], name .. '-0', name .. '-0')
if #found == 1 then
  redis.call('HSET', KEYS[1], 'base', name, 'base_tail', found[1][2][2])
  redis.call('XTRIM', KEYS[2], 'MINID', string.format('%d-0', base + 1))
end
return 1
"""
)
