-- Shared: what is wanted of a stream's entries, so that nothing larger crosses the wire, whatever else they hold.
--
--   frames(entries, most)  for each entry that is still there its id, its `ts`, and its `payload`; text for both, and
--                          empty where it is missing or longer than `most` bytes.
local function frames(entries, most)
  local found = {}
  for _, entry in ipairs(entries or {}) do
    local id, fields = entry and entry[1], entry and entry[2]
    if id and fields then
      local ts, payload = '', ''
      for at = 1, #fields, 2 do
        local value = #fields[at + 1] <= most and fields[at + 1] or ''
        if fields[at] == 'ts' then ts = value end
        if fields[at] == 'payload' then payload = value end
      end
      found[#found + 1] = {id, ts, payload}
    end
  end
  return found
end
