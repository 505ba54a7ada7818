-- SPDX-License-Identifier: MIT
-- What a configured value may be. Each kind says in words what is allowed, checks a value as a configuration file
-- holds it, and reads one from a variable's text. Pure, without the core.

local listen = require "usher.config.listen"

local values = {}

---@class usher.config.Value
---@field allowed string for people, and for the documentation
---@field check fun(value: any): boolean, string? whether it may be so; a reason where one says more
---@field parse fun(text: string): any what the text means, for `check` to judge; nil: nothing
---@field is_private? boolean a wrong one is not shown either: it may hold a secret

local function same(text)
  return text
end

local function kind(allowed, check, parse)
  return { allowed = allowed, check = check, parse = parse or same }
end

local function text_kind(allowed, pattern, max_bytes)
  return kind(allowed, function(value)
    return type(value) == "string" and #value <= max_bytes and value:find(pattern) ~= nil
  end)
end

--- A whole number.
---@param min integer
---@param max integer
---@return usher.config.Value
function values.integer(min, max)
  return kind(("a whole number from %d to %d"):format(min, max), function(value)
    return math.type(value) == "integer" and value >= min and value <= max
  end, function(text)
    return text:find "^%d+$" and math.tointeger(tonumber(text)) or nil
  end)
end

--- One of some words.
---@param words string[]
---@return usher.config.Value
function values.one_of(words)
  return kind(table.concat(words, ", "), function(value)
    for _, word in ipairs(words) do
      if value == word then
        return true
      end
    end
    return false
  end)
end

local FLAGS = { ["1"] = true, ["0"] = false }

values.flag = kind("1 or 0 (true or false in a configuration file)", function(value)
  return type(value) == "boolean"
end, function(text)
  return FLAGS[text]
end)

values.boolean = kind("true or false", function(value)
  return type(value) == "boolean"
end)

local LONGEST_SECONDS = 400 * 24 * 3600

values.seconds = kind(("seconds, a number above 0 and at most %d"):format(LONGEST_SECONDS), function(value)
  return type(value) == "number" and value > 0 and value <= LONGEST_SECONDS
end, function(text)
  local value = text:find "^%d+%.?%d*$" and tonumber(text) or nil
  return value and math.tointeger(value) or value
end)

values.account_name = text_kind("1 to 64 of A-Z a-z 0-9 . _ -", "^[%w._-]+$", 64)

values.listen = kind(listen.allowed, function(value)
  if type(value) ~= "string" then
    return false
  end
  local address, reason = listen.parse(value)
  return address ~= nil, reason
end)

values.callback_path = text_kind("a path from / on, of A-Z a-z 0-9 . _ ~ - and /", "^/[%w._~/-]*$", 1024)
values.callback_path.is_private = true

values.file_path = text_kind("a path", "^[^%c]+$", 4096)

values.absolute_path = text_kind("an absolute path", "^/[^%c]*$", 4096)

-- A table of n values with the keys 1 to n and no others: those would count for nothing.
local function is_list(value, is_member)
  if type(value) ~= "table" then
    return false
  end
  local count = 0
  for key, member in pairs(value) do
    if math.type(key) ~= "integer" or not is_member(member) then
      return false
    end
    count = count + 1
  end
  return count == #value
end

local function is_word(value)
  return type(value) == "string" and not value:find "\0"
end

values.command = kind("a list of texts, the first an absolute path", function(value)
  return is_list(value, is_word) and value[1] ~= nil and value[1]:find "^/[^%c]*$" ~= nil
end)

values.environment = kind("a table of texts by name", function(value)
  if type(value) ~= "table" then
    return false
  end
  for name, text in pairs(value) do
    if
      type(name) ~= "string"
      or not name:find "^[%a_][%w_]*$"
      or type(text) ~= "string"
      or text:find "\0"
    then
      return false
    end
  end
  return true
end)

values.text = text_kind("a text", "^[^%c]+$", 4096)

values.pem = text_kind("a private key in PEM", "^%s*%-%-%-%-%-BEGIN [%u ]*PRIVATE KEY%-%-%-%-%-.*", 16384)

values.printable = text_kind("printable ASCII without spaces", "^[\33-\126]+$", 1024)

values.key = kind("32 bytes, or their base64 text", function(value)
  return type(value) == "string" and #value > 0 and #value <= 64
end)

values.aes_key = kind("43 characters of base64, as the provider's console shows them", function(value)
  return type(value) == "string" and #value == 43 and value:find "^[%w+/]+$" ~= nil
end)

values.mode = text_kind("four octal digits, such as 0660", "^0[0-7][0-7][0-7]$", 4)

values.group = text_kind("a group's name", "^[%w_][%w._-]*$", 64)

local function is_identity(value)
  if math.type(value) == "integer" then
    return value >= 0 and value < 2 ^ 32 - 1
  end
  return type(value) == "string" and #value <= 64 and value:find "^[%w_][%w._-]*%$?$" ~= nil
end

values.identities = kind("a list of names and numbers", function(value)
  if type(value) ~= "table" then
    return false
  end
  for key, identity in pairs(value) do
    if math.type(key) ~= "integer" or not is_identity(identity) then
      return false
    end
  end
  return true
end)

-- Brackets aside, only what cannot be read in two ways: no user, no fragment.
local function authority_of(url, scheme, rest_pattern)
  local after = url:match("^" .. scheme .. "://(.*)$")
  local authority = after and after:match "^([^/?]+)"
  local rest = authority and after:sub(#authority + 1)
  if rest and rest:find(rest_pattern) then
    return authority
  end
end

local function host_of(authority)
  local host, port = authority:match "^(.-):(%d+)$"
  if port and tonumber(port) > 65535 then
    return nil
  end
  return host or authority
end

local LOOPBACK = { localhost = true, ["127.0.0.1"] = true, ["[::1]"] = true }

local function url_kind(allowed, rest_pattern)
  return kind(allowed, function(value)
    if type(value) ~= "string" or #value > 1024 then
      return false
    end
    local plain = authority_of(value, "http", rest_pattern)
    local secure = authority_of(value, "https", rest_pattern)
    local host = (plain or secure) and host_of(plain or secure)
    if not host or not (host:find "^[%w][%w.-]*$" or host:find "^%[%x*:[%x:.]*%]$") then
      return false
    elseif plain and not LOOPBACK[host] then
      return false, "is plain http to another machine"
    end
    return true
  end)
end

values.base_url = url_kind("https://HOST[:PORT][/PATH], or http:// to a loopback address", "^[%w._~/-]*$")

values.endpoint = url_kind(
  "https://HOST[:PORT][/PATH][?QUERY], or http:// to a loopback address",
  "^[%w._~/!$&'()*+,;=:@%%-]*%??[%w._~/!$&'()*+,;=:@%%?-]*$"
)

-- Whether the address itself is one, the callback's reader of networks says.
local function looks_like_network(value)
  return type(value) == "string" and (value:find "^[%x.:]+$" or value:find "^[%x.:]+/%d+$") ~= nil
end

-- Of a variable's text, whose members are separated by commas; nil: nobody means so many by that.
local function members_of(text)
  local members = {}
  for member in text:gmatch "[^,]+" do
    table.insert(members, (member:gsub("^%s+", ""):gsub("%s+$", "")))
  end
  return (text == "" or #members > 0) and members or nil
end

-- An empty list takes callbacks from everywhere: nobody means that by commas.
values.networks = kind("source networks such as 203.0.113.0/24 or 2001:db8::/32", function(value)
  return is_list(value, looks_like_network)
end, members_of)

local function is_callable(value)
  local metatable = type(value) ~= "function" and getmetatable(value)
  return type(value) == "function" or type(metatable) == "table" and metatable.__call ~= nil
end

values.handler = kind("a function", is_callable)

local function is_host(value)
  return type(value) == "string" and (value:find "^[%w_.-]+$" or value:find "^%[[%x:.]+%]$") ~= nil
end

values.hosts = kind("a list of host names, without ports", function(value)
  return is_list(value, is_host)
end, members_of)

values.store = kind("a store: usher.store.sqlite { ... } or usher.store.memory {}", function(value)
  return type(value) == "table" and is_callable(value.open)
end)

values.texts = kind("a table of texts by name", function(value)
  if type(value) ~= "table" then
    return false
  end
  for name, text in pairs(value) do
    if type(name) ~= "string" or name == "" or type(text) ~= "string" or text:find "%c" then
      return false
    end
  end
  return true
end)

values.table = kind("a table", function(value)
  return type(value) == "table"
end)

return values
