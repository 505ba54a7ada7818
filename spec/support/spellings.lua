-- SPDX-License-Identifier: MIT
-- A text as it may stand elsewhere: encoded, escaped, amid something longer. For searching what must not be found.

local core = require "usher.core"

local spellings = {}

local BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
local URL_SAFE = { ["+"] = "-", ["/"] = "_" }

local function each_byte(format, between)
  return function(text)
    local parts = {}
    for index = 1, #text do
      parts[index] = format:format(text:byte(index))
    end
    return table.concat(parts, between)
  end
end

-- What of base64 depends on the text alone, where `offset` bytes stand before it.
local function base64_at(offset)
  return function(text)
    local encoded = core.encoding.base64_encode(("\0"):rep(offset) .. text)
    return encoded:sub((offset * 8 + 5) // 6 + 1, (offset + #text) * 8 // 6)
  end
end

local function base64url_at(offset)
  local encode = base64_at(offset)
  return function(text)
    return (encode(text):gsub("[+/]", URL_SAFE))
  end
end

local function base32(text)
  local bits, encoded = {}, {}
  for index = 1, #text do
    local byte = text:byte(index)
    for shift = 7, 0, -1 do
      table.insert(bits, byte >> shift & 1)
    end
  end
  for first = 1, #bits - 4, 5 do
    local value = 0
    for index = first, first + 4 do
      value = value << 1 | bits[index]
    end
    table.insert(encoded, BASE32:sub(value + 1, value + 1))
  end
  return table.concat(encoded)
end

local function replaced(pattern, format)
  return function(text)
    return (text:gsub(pattern, function(character)
      return format:format(character:byte())
    end))
  end
end

local hex = core.encoding.hex_encode

--- Name and function of each spelling.
---@type { [1]: string, [2]: fun(text: string): string }[]
spellings.ALL = {
  {
    "as it is",
    function(text)
      return text
    end,
  },
  { "hex", hex },
  {
    "hex, upper case",
    function(text)
      return hex(text):upper()
    end,
  },
  { "hex with spaces", each_byte("%02x", " ") },
  { "hex with colons", each_byte("%02x", ":") },
  { "\\x escapes", each_byte("\\x%02x", "") },
  { "octal escapes", each_byte("\\%03o", "") },
  { "decimal escapes", each_byte("\\%03d", "") },
  { "base64", base64_at(0) },
  { "base64 from the second byte of three", base64_at(1) },
  { "base64 from the third byte of three", base64_at(2) },
  { "base64url", base64url_at(0) },
  { "base64url from the second byte of three", base64url_at(1) },
  { "base64url from the third byte of three", base64url_at(2) },
  {
    "base64 of base64",
    function(text)
      return base64_at(0)(core.encoding.base64_encode(text))
    end,
  },
  { "base32", base32 },
  { "percent-encoded where it must be", core.encoding.percent_encode },
  { "percent-encoded", each_byte("%%%02X", "") },
  { "percent-encoded, lower case", each_byte("%%%02x", "") },
  { "JSON escapes where they must be", replaced('[%c"\\/\x7f-\xff]', "\\u%04x") },
  { "JSON escapes", each_byte("\\u%04x", "") },
  { "UTF-16LE", each_byte("%c\0", "") },
  { "UTF-16BE", each_byte("\0%c", "") },
  { "reversed", string.reverse },
  { "quoted-printable", each_byte("=%02X", "") },
  { "quoted-printable where it must be", replaced("[^\33-\60\62-\126]", "=%02X") },
  { "HTML entities", each_byte("&#%d;", "") },
  { "upper case", string.upper },
  { "lower case", string.lower },
}

-- By text, since many places are searched for the same texts.
local spelled = {}

local function all_of(text)
  if not spelled[text] then
    spelled[text] = {}
    for index, spelling in ipairs(spellings.ALL) do
      spelled[text][index] = spelling[2](text)
    end
  end
  return spelled[text]
end

--- The names of the spellings in which texts stand in some bytes: "text 3 in hex".
---@param bytes string
---@param texts string[]
---@return string[]
function spellings.find(bytes, texts)
  local found = {}
  for number, text in ipairs(texts) do
    for index, spelling in ipairs(all_of(text)) do
      if bytes:find(spelling, 1, true) then
        table.insert(found, ("text %d in %s"):format(number, spellings.ALL[index][1]))
      end
    end
  end
  return found
end

return spellings
