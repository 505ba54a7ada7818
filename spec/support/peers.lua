-- SPDX-License-Identifier: MIT
-- Listeners, the clients connected to them and folders for their sockets, gone at the end of the case that opened them.

local busted = require "busted"
local client = require "spec.support.socket_client"
local core = require "usher.core"
local temporary = require "spec.support.temporary"

local peers = {}

local opened = {}

--- A listener, on loopback unless the options say otherwise.
---@param options table|fun(request: table): table or just the handler
---@return usher.core.Listener
function peers.listen(options)
  if type(options) == "function" then
    options = { handler = options }
  end
  if not options.path then
    options.host = options.host or "127.0.0.1"
  end
  local listener = assert(core.listener.open(options))
  table.insert(opened, listener)
  return listener
end

--- A client of the listener.
---@param listener usher.core.Listener
---@return usher.spec.SocketClient
function peers.connect(listener)
  local peer = client.connect(listener:address())
  table.insert(opened, peer)
  return peer
end

--- A new folder.
---@return string path
function peers.folder()
  local path = temporary.folder()
  table.insert(opened, {
    close = function()
      temporary.remove(path)
    end,
  })
  return path
end

--- Turns the loop until that many tasks are there.
---@param count integer
function peers.await_tasks(count)
  client.drive(function()
    return core.loop:tasks() == count
  end)
end

-- Before the audit, which subscribed first.
busted.subscribe({ "test", "end" }, function()
  for _, one in ipairs(opened) do
    one:close()
  end
  opened = {}
  return nil, true
end, { priority = 1 })

return peers
