-- SPDX-License-Identifier: MIT
-- What a log line must not show: fields whose name says secret, and concealed values in any spelling.

local core = require "usher.core"

local redaction = {}

redaction.MARK = "[redacted]"

-- Shorter values stand in many innocent texts; they are left to the redaction by name.
local MIN_BYTES = 6
local PREFIX_BYTES = 4
local MAX_ESCAPE_LAYERS = 3

-- Names without case and punctuation, so that `refreshToken`, `Refresh-Token` and `refresh_token` are one.
local SECRET_WORDS = [[
  accesskey apikey assertion authorization body clientsecret code cookie credential credentials headers key
  location masterkey otp passphrase password payload privatekey proxyauthorization pwd query secret setcookie
  signature state ticket token url uri verifier
]]
local SECRET_NAMES = {}
for name in SECRET_WORDS:gmatch "%w+" do
  SECRET_NAMES[name] = true
end

local SECRET_ENDINGS = { "token", "tokens", "secret", "password", "apikey", "credential", "authorization" }

local name_verdicts = {} -- names are constants of the code: few

local function judge(name)
  local plain = name:lower():gsub("[^%w]", "")
  if SECRET_NAMES[plain] then
    return true
  end
  for _, ending in ipairs(SECRET_ENDINGS) do
    if plain:sub(-#ending) == ending then
      return true
    end
  end
  return false
end

--- Whether a field's name says that its value is secret.
---@param name string
---@return boolean
function redaction.is_secret_name(name)
  local verdict = name_verdicts[name]
  if verdict == nil then
    verdict = judge(name)
    name_verdicts[name] = verdict
  end
  return verdict
end

-- spellings -------------------------------------------------------------------------------------------

-- The characters of base64 that depend on `bytes` alone, wherever they stand in a longer encoded text: the first
-- byte falls on one of three places in a group.
local function add_base64(spellings, bytes)
  for offset = 0, 2 do
    local text = core.encoding.base64_encode(("\0"):rep(offset) .. bytes)
    local first = (offset * 8 + 5) // 6 + 1
    local last = (offset + #bytes) * 8 // 6
    text = text:sub(first, last)
    table.insert(spellings, text)
    table.insert(spellings, (text:gsub("[+/]", { ["+"] = "-", ["/"] = "_" })))
  end
end

local function spellings_of(bytes)
  local hex = core.encoding.hex_encode(bytes)
  local spellings = { bytes, hex, hex:upper() }
  add_base64(spellings, bytes)
  return spellings
end

local function byte_of(digits)
  return string.char(tonumber(digits, 16))
end

local function character_of(digits)
  return utf8.char(tonumber(digits, 16))
end

-- Undoes one layer of the escapes that printable text can have: of JSON, then of URLs.
local function unescape(text)
  text = text:gsub("\\u(%x%x%x%x)", character_of):gsub('\\([/"\\])', "%1")
  return (text:gsub("%%(%x%x)", byte_of))
end

-- registry --------------------------------------------------------------------------------------------

-- Finds concealed values by their first bytes, then by length and digest: searching takes the same time for one
-- value as for ten thousand, and the registry holds no secret in clear.
---@class usher.log.Registry
---@field _counts table<string, integer> digest of a value -> how often it was concealed
---@field _prefixes table<string, table<integer, table<string, integer>>>
---@field _kept integer how many released values stay concealed
---@field _released usher.log.registry.Trace[][] of these, oldest first
local Registry = {}
Registry.__index = Registry
Registry.__name = "usher.log.registry"

---@class usher.log.registry.Trace what is kept of one spelling of a value
---@field prefix string
---@field length integer
---@field digest string

local function traces_of(bytes)
  local traces = {}
  for _, spelling in ipairs(spellings_of(bytes)) do
    if #spelling >= MIN_BYTES then
      local prefix, digest = spelling:sub(1, PREFIX_BYTES), core.digest.sha256(spelling)
      table.insert(traces, { prefix = prefix, length = #spelling, digest = digest })
    end
  end
  return traces
end

local function change(self, trace, step)
  local prefix, length, digest = trace.prefix, trace.length, trace.digest
  local lengths = self._prefixes[prefix] or {}
  local digests = lengths[length] or {}
  local count = (digests[digest] or 0) + step
  digests[digest] = count > 0 and count or nil
  lengths[length] = next(digests) and digests or nil
  self._prefixes[prefix] = next(lengths) and lengths or nil
end

local function change_all(self, traces, step)
  for _, trace in ipairs(traces) do
    change(self, trace, step)
  end
end

-- A token that was replaced is good for a while yet.
local function retire(self, bytes)
  table.insert(self._released, traces_of(bytes))
  if #self._released > self._kept then
    change_all(self, table.remove(self._released, 1), -1)
  end
end

local function bytes_of(value)
  return type(value) == "userdata" and value:reveal() or tostring(value)
end

--- From now on the value shows in no text. Counted: as many releases undo it.
---@param value string|usher.core.Secret shorter than 6 bytes: not searched for
function Registry:conceal(value)
  local bytes = bytes_of(value)
  if #bytes < MIN_BYTES then
    return
  end
  local digest = core.digest.sha256(bytes)
  local count = self._counts[digest] or 0
  self._counts[digest] = count + 1
  if count == 0 then
    change_all(self, traces_of(bytes), 1)
  end
end

--- Ends one `conceal`. The values released last stay concealed, as many as the registry keeps.
---@param value string|usher.core.Secret
function Registry:release(value)
  local bytes = bytes_of(value)
  local digest = core.digest.sha256(bytes)
  local count = self._counts[digest]
  if count == 1 then
    retire(self, bytes)
  end
  self._counts[digest] = count and count > 1 and count - 1 or nil
end

-- The end of the longest concealed value that starts at `first`.
local function match_at(lengths, text, first)
  local longest
  for length, digests in pairs(lengths) do
    local last = first + length - 1
    if last <= #text and last > (longest or 0) and digests[core.digest.sha256(text:sub(first, last))] then
      longest = last
    end
  end
  return longest
end

local function find(self, text, position)
  for first = position, #text - MIN_BYTES + 1 do
    local lengths = self._prefixes[text:sub(first, first + PREFIX_BYTES - 1)]
    local last = lengths and match_at(lengths, text, first)
    if last then
      return first, last
    end
  end
end

local function replace(self, text)
  local parts, position = {}, 1
  local first, last = find(self, text, position)
  while first do
    table.insert(parts, text:sub(position, first - 1))
    table.insert(parts, redaction.MARK)
    position = last + 1
    first, last = find(self, text, position)
  end
  return position == 1 and text or table.concat(parts) .. text:sub(position)
end

-- Whether a value shows once escapes are undone, as often as they are nested.
local function hides_some(self, text)
  for _ = 1, MAX_ESCAPE_LAYERS do
    local unescaped = unescape(text)
    if unescaped == text then
      return false
    elseif find(self, unescaped, 1) then
      return true
    end
    text = unescaped
  end
  return false
end

--- The text with every concealed value replaced: plain, in hex, in base64 of either alphabet, alone or amid a
--- longer encoded text. Where one shows only after undoing percent or JSON escapes, the whole text is replaced.
---@param text string
---@return string
function Registry:clean(text)
  if next(self._prefixes) == nil then
    return text
  end
  text = replace(self, text)
  return hides_some(self, text) and redaction.MARK or text
end

---@param kept? integer how many released values stay concealed; default: none
---@return usher.log.Registry
function redaction.new(kept)
  return setmetatable({ _counts = {}, _prefixes = {}, _kept = kept or 0, _released = {} }, Registry)
end

return redaction
