-- SPDX-License-Identifier: MIT
-- A TCP server on the loop that says whatever bytes a spec wants: for answers that no proper server gives.
-- It polls its sockets, so it is for specs only.

local core = require "usher.core"
local socket = require "socket"

local POLL_MS = 1

local raw_server = {}

---@class raw_server.Connection
local Connection = {}
Connection.__index = Connection

-- More bytes into the connection's buffer; nil once the peer has closed.
local function fill(self)
  while true do
    local bytes, err, partial = self.socket:receive(65536)
    bytes = bytes or partial
    if bytes ~= "" then
      self.buffer = self.buffer .. bytes
      return true
    elseif err ~= "timeout" then
      return nil
    end
    self.server.tick:wait()
  end
end

--- The next request: its header section and body as bytes; nil once the peer has closed. Waits.
---@return {head: string, body: string}?
function Connection:receive()
  local stop
  repeat
    stop = select(2, self.buffer:find("\r\n\r\n", 1, true))
  until stop or not fill(self)
  if not stop then
    return nil
  end
  local head = self.buffer:sub(1, stop)
  local length = tonumber(head:lower():match "\r\ncontent%-length: *(%d+)") or 0
  while #self.buffer < stop + length do
    if not fill(self) then
      return nil
    end
  end
  local body = self.buffer:sub(stop + 1, stop + length)
  self.buffer = self.buffer:sub(stop + length + 1)
  return { head = head, body = body }
end

--- Waits until all bytes are sent or the peer has closed.
---@param bytes string
---@return boolean sent
function Connection:send(bytes)
  local from = 1
  while from <= #bytes do
    local last, err, partial = self.socket:send(bytes, from)
    from = (last or partial) + 1
    if err and err ~= "timeout" then
      return false
    elseif err then
      self.server.tick:wait()
    end
  end
  return true
end

--- Waits until the peer has closed.
function Connection:await_close()
  while fill(self) do
    self.buffer = ""
  end
end

function Connection:close()
  self.socket:close()
end

--- Closes with RST instead of FIN.
function Connection:reset()
  self.socket:setoption("linger", { on = true, timeout = 0 })
  self.socket:close()
end

---@class raw_server.Server
---@field url string "http://127.0.0.1:PORT"
---@field port integer
---@field accepted integer how many connections were accepted
---@field open integer how many of them are being served
---@field tick usher.core.Future resolved when it is time to look at the sockets again
local Server = {}
Server.__index = Server

local function serve(self, accepted)
  accepted:settimeout(0)
  self.accepted = self.accepted + 1
  self.open = self.open + 1
  local connection = setmetatable({ server = self, socket = accepted, buffer = "" }, Connection)
  local ending <const> = setmetatable({}, {
    __close = function()
      self.open = self.open - 1
      accepted:close()
    end,
  })
  local number = self.accepted
  self.tasks[number] = core.loop:spawn(function()
    local _ <close> = ending
    self.script(connection, number)
  end)
end

local function poll(self)
  local accepted = self.is_listening and self.socket:accept()
  while accepted do
    serve(self, accepted)
    accepted = self.socket:accept()
  end
  local tick = self.tick
  self.tick = core.future.new()
  tick:resolve()
end

--- Accepts no more; the connections stay.
function Server:close_listening()
  self.is_listening = false
  self.socket:close()
end

--- Closes everything.
function Server:close()
  self.timer:close()
  self:close_listening()
  for _, task in ipairs(self.tasks) do
    task:close()
  end
end
Server.__close = Server.close

--- Serves every connection in a task of its own, at whose end the connection is closed.
---@param script fun(connection: raw_server.Connection, number: integer)
---@return raw_server.Server
function raw_server.start(script)
  local listening = assert(socket.bind("127.0.0.1", 0))
  listening:settimeout(0)
  local _, port = listening:getsockname()
  local self = setmetatable({
    socket = listening,
    script = script,
    port = math.tointeger(tonumber(port)),
    url = "http://127.0.0.1:" .. math.tointeger(tonumber(port)),
    is_listening = true,
    accepted = 0,
    open = 0,
    tick = core.future.new(),
    tasks = {},
  }, Server)
  self.timer = core.timer.start(POLL_MS, function()
    poll(self)
  end, POLL_MS)
  return self
end

--- An answer with a length.
---@param body string
---@param head? string status line and fields; default "HTTP/1.1 200 OK"
---@return string
function raw_server.answer(body, head)
  return ("%s\r\nContent-Length: %d\r\n\r\n%s"):format(head or "HTTP/1.1 200 OK", #body, body)
end

return raw_server
