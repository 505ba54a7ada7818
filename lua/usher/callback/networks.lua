-- SPDX-License-Identifier: MIT
-- A list of source networks (RFC 4632 and RFC 4291 text forms) and whether an address lies in one. Pure.

local errors = require "usher.errors"

local networks = {}

---@class usher.callback.Networks
local Networks = {}
Networks.__index = Networks
Networks.__name = "usher.callback.networks"

local IPV4_MAPPED = ("\0"):rep(10) .. "\xff\xff"

local function ipv4_bytes(text)
  local octets = { text:match "^(%d+)%.(%d+)%.(%d+)%.(%d+)$" }
  for index, octet in ipairs(octets) do
    if #octet > 3 or octet:find "^0%d" or tonumber(octet) > 255 then
      return nil
    end
    octets[index] = string.char(tonumber(octet))
  end
  return #octets == 4 and table.concat(octets) or nil
end

-- "2001:db8" becomes four bytes; nil where a group is malformed.
local function group_bytes(text)
  local groups = {}
  if text == "" then
    return ""
  end
  for group in (text .. ":"):gmatch "([^:]*):" do
    if not group:find "^%x%x?%x?%x?$" then
      return nil
    end
    table.insert(groups, string.pack(">I2", tonumber(group, 16)))
  end
  return table.concat(groups)
end

-- The dotted form of the last 32 bits (RFC 4291, 2.2, form 3) as two groups.
local function without_dotted_tail(text)
  local head, dotted = text:match "^(.*:)([%d%.]+)$"
  local bytes = dotted and ipv4_bytes(dotted)
  return bytes and ("%s%x:%x"):format(head, string.unpack(">I2I2", bytes)) or text
end

local function ipv6_bytes(text)
  text = without_dotted_tail(text)
  local before, after = text:match "^(.-)::(.*)$"
  if not before then
    local bytes = group_bytes(text)
    return bytes and #bytes == 16 and bytes or nil
  end
  local left, right = group_bytes(before), group_bytes(after)
  if not left or not right or #left + #right > 14 then
    return nil
  end
  return left .. ("\0"):rep(16 - #left - #right) .. right
end

-- 16 bytes, IPv4 as IPv4-mapped IPv6, so that a dual-stack listener's sources match IPv4 networks.
-- Also gives how many leading bits are not the text's own.
local function address_bytes(text)
  local ipv4 = ipv4_bytes(text)
  if ipv4 then
    return IPV4_MAPPED .. ipv4, 96
  end
  return ipv6_bytes(text), 0
end

local function parse_network(text)
  local address, length = text:match "^([^/]+)/(%d+)$"
  local bytes, implied = address_bytes(address or text)
  if not bytes then
    return nil
  end
  local bits = length and tonumber(length) + implied or 128
  return bits <= 128 and { bytes = bytes, bits = bits } or nil
end

local function covers(network, bytes)
  if network.bits < #IPV4_MAPPED * 8 and bytes:sub(1, #IPV4_MAPPED) == IPV4_MAPPED then
    return false -- "::/0" means every IPv6 source
  end
  local whole, rest = network.bits // 8, network.bits % 8
  if network.bytes:sub(1, whole) ~= bytes:sub(1, whole) then
    return false
  end
  return rest == 0 or (network.bytes:byte(whole + 1) ~ bytes:byte(whole + 1)) >> (8 - rest) == 0
end

--- Whether the peer of a request lies in one of the networks.
---@param remote string as in `usher.core.Request`: "192.0.2.1:443", "[2001:db8::1]:443" or "unix"
---@return boolean
function Networks:contains(remote)
  local address = remote:match "^%[([^%]%%]+)%%?[^%]]*%]:%d+$" or remote:match "^([%d%.]+):%d+$"
  local bytes = address and address_bytes(address)
  if not bytes then
    return false
  end
  for _, network in ipairs(self) do
    if covers(network, bytes) then
      return true
    end
  end
  return false
end

--- Reads networks such as "203.0.113.0/24", "2001:db8::/32", or single addresses.
---@param list string[]
---@return usher.callback.Networks? networks
---@return usher.Error? err bad_configuration
function networks.parse(list)
  local self = setmetatable({}, Networks)
  for index, text in ipairs(list) do
    local network = type(text) == "string" and parse_network(text)
    if not network then
      local message = ("callback.allow[%d]: not a network: %s"):format(index, text)
      return errors.fail("bad_configuration", message, { keys = { "callback", "allow", index } })
    end
    self[index] = network
  end
  return self
end

return networks
