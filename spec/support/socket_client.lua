-- SPDX-License-Identifier: MIT
-- A raw client for specs: sockets that never block, with the loop turning while the spec waits for bytes.

local core = require "usher.core"
local socket = require "socket"
local unix = require "socket.unix"

local socket_client = {}

local PATIENCE = 5 -- seconds until a wait is a failure

---@class usher.spec.SocketClient
local Client = {}
Client.__index = Client

--- Turns the loop until `is_done()` gives something; returns that. Raises after five seconds.
---@param is_done fun(): any
---@return any
function socket_client.drive(is_done)
  local deadline = core.clock.boot() + PATIENCE
  while true do
    core.loop:step()
    local result = is_done()
    if result then
      return result
    end
    assert(core.clock.boot() < deadline, "waited in vain")
    socket.sleep(0.0005)
  end
end

--- Lets that many seconds pass while the loop turns.
---@param seconds number
function socket_client.pass(seconds)
  local limit = core.clock.boot() + seconds
  socket_client.drive(function()
    return core.clock.boot() >= limit
  end)
end

--- Runs `fn(...)` as a task while the loop turns; returns its results.
---@param fn function
---@param ... any
---@return any ...
function socket_client.run(fn, ...)
  local results
  core.loop:spawn(function(...)
    results = table.pack(fn(...))
  end, ...)
  socket_client.drive(function()
    return results
  end)
  return table.unpack(results, 1, results.n)
end

local function connected(address, source)
  local path = address:match "^unix:(.*)$"
  if path then
    local plain = unix.stream and unix.stream() or unix()
    return plain, plain:connect(path)
  end
  local host, port = address:match "^%[?(.-)%]?:(%d+)$"
  local plain = host:find ":" and socket.tcp6() or socket.tcp4()
  if source then
    assert(plain:bind(source, 0))
  end
  return plain, plain:connect(host, tonumber(port))
end

--- Connects to what `listener:address()` says.
---@param address string
---@param source? string address of the client itself
---@return usher.spec.SocketClient
function socket_client.connect(address, source)
  local plain, ok, message = connected(address, source)
  assert(ok, message)
  plain:settimeout(0)
  return setmetatable({ socket = plain, received = "", ended = false }, Client)
end

-- Takes what has arrived. `ended` is "closed" once the peer has sent its last byte.
function Client:poll()
  if self.ended then
    return
  end
  local pieces = { self.received }
  repeat
    local bytes, reason, partial = self.socket:receive(65536)
    table.insert(pieces, bytes or partial)
    if reason and reason ~= "timeout" then
      self.ended = reason
    end
  until reason
  self.received = table.concat(pieces)
end

--- Sends all bytes.
---@param bytes string
---@return usher.spec.SocketClient self
function Client:send(bytes)
  local sent = 0
  socket_client.drive(function()
    local last, reason, partial = self.socket:send(bytes, sent + 1)
    sent = last or partial or sent
    assert(reason == nil or reason == "timeout", reason)
    return sent == #bytes
  end)
  return self
end

--- Sends all bytes, as many at a time, with a pause before each but the first.
---@param bytes string
---@param count integer
---@param seconds number
function Client:drip(bytes, count, seconds)
  for first = 1, #bytes, count do
    if first > 1 then
      socket_client.pass(seconds)
    end
    self:poll()
    if self.ended or not self.socket:send(bytes:sub(first, first + count - 1)) then
      return
    end
  end
end

--- Everything up to the end of what the peer sends.
---@return string
function Client:receive_all()
  socket_client.drive(function()
    self:poll()
    return self.ended
  end)
  return self.received
end

local function parse_response(text)
  local first, last = text:find("\r\n\r\n", 1, true)
  if not first then
    return nil
  end
  local response = { status = tonumber(text:match "^HTTP/1%.1 (%d%d%d) "), headers = {} }
  for name, value in text:sub(1, first + 1):gmatch "\n([^:\r\n]+): ([^\r\n]*)" do
    response.headers[name:lower()] = value
  end
  local length = tonumber(response.headers["content-length"]) or 0
  if #text < last + length then
    return nil
  end
  response.body = text:sub(last + 1, last + length)
  return response, last + length
end

--- The next response, as { status, headers, body }.
---@return table
function Client:receive()
  return socket_client.drive(function()
    self:poll()
    local response, length = parse_response(self.received)
    if response then
      self.received = self.received:sub(length + 1)
      return response
    end
    assert(not self.ended, "the connection ended: " .. tostring(self.ended))
  end)
end

--- Sends a request and returns its response.
---@param bytes string
---@return table
function Client:ask(bytes)
  return self:send(bytes):receive()
end

--- GET on HTTP/1.1, as bytes.
---@param path string
---@param fields? string further header lines
---@return string
function socket_client.get(path, fields)
  return ("GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"):format(path, fields or "")
end

--- Tells the peer that nothing more will be sent.
function Client:finish()
  self.socket:shutdown "send"
end

function Client:close()
  self.socket:close()
end

Client.__close = Client.close

return socket_client
