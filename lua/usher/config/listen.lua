-- SPDX-License-Identifier: MIT
-- Listen addresses as an operator writes them: `HOST:PORT` or `unix:PATH`. Pure, without the core: client
-- commands read them too.

local listen = {}

-- sockaddr_un.sun_path has 108 bytes, the last of them NUL.
local MAX_PATH_BYTES = 107

listen.allowed = "HOST:PORT with a numeric HOST ([...] around IPv6), or unix:PATH"

---@class usher.config.Address as `core.listener.open` takes it
---@field host? string numeric, without brackets
---@field port? integer
---@field path? string of a Unix socket

local function parse_unix(path)
  if path == "" or path:find "%c" then
    return nil, "has no usable path"
  elseif #path > MAX_PATH_BYTES then
    return nil, ("has a socket path of more than %d bytes"):format(MAX_PATH_BYTES)
  end
  return { path = path }
end

local function is_ipv4(host)
  local octets = { host:match "^(%d+)%.(%d+)%.(%d+)%.(%d+)$" }
  for _, octet in ipairs(octets) do
    if #octet > 3 or tonumber(octet) > 255 then
      return false
    end
  end
  return #octets == 4
end

local function numeric_host(host)
  if host == "localhost" then
    return "127.0.0.1"
  elseif is_ipv4(host) then
    return host
  end
  local bracketed = host:match "^%[(%x*:[%x:.]*)%]$"
  return bracketed
end

--- Reads an address. Port 0 lets the system choose.
---@param text string
---@return usher.config.Address? address
---@return string? reason what is wrong, a phrase that follows the name
function listen.parse(text)
  local path = text:match "^unix:(.*)$"
  if path then
    return parse_unix(path)
  end
  local host, port = text:match "^(.+):(%d+)$"
  if not host then
    return nil, "is not an address"
  end
  host = numeric_host(host)
  if not host then
    return nil, "has a host that is not a numeric address"
  end
  port = #port <= 5 and math.tointeger(tonumber(port))
  if not port or port > 65535 then
    return nil, "has a port above 65535"
  end
  return { host = host, port = port }
end

--- An address as an operator writes it.
---@param address usher.config.Address
---@return string
function listen.text(address)
  if address.path then
    return "unix:" .. address.path
  end
  local host = address.host:find ":" and ("[%s]"):format(address.host) or address.host
  return ("%s:%d"):format(host, address.port)
end

--- Whether only this machine can reach the address.
---@param address usher.config.Address
---@return boolean
function listen.is_local(address)
  return address.path ~= nil or address.host == "::1" or address.host:find "^127%." ~= nil
end

return listen
