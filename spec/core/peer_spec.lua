-- SPDX-License-Identifier: MIT
-- Who asks on a Unix socket: request.peer.
require "spec.support.paths"
local child = require "spec.support.child"
local client = require "spec.support.socket_client"
local core = require "usher.core"
local peers = require "spec.support.peers"
local temporary = require "spec.support.temporary"

local function shell(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read "a"
end

local function numbers(text)
  local list = {}
  for word in text:gmatch "%d+" do
    table.insert(list, math.tointeger(tonumber(word)))
  end
  table.sort(list)
  return list
end

describe("peer", function()
  local folder, seen

  before_each(function()
    folder = temporary.folder()
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  local function open()
    return peers.listen {
      path = folder .. "/peer.sock",
      mode = 511, -- 0777
      handler = function(request)
        seen = request.peer
        return { status = 204 }
      end,
    }
  end

  -- Asks by curl, as somebody else, while the loop turns.
  local function ask_as(prefix)
    local done = folder .. "/done"
    local command = ("%s env -u LD_PRELOAD curl -s --max-time 5 --unix-socket %s/peer.sock http://localhost/"):format(
      prefix,
      folder
    )
    seen = nil
    os.execute(("(%s; touch %s) >/dev/null 2>&1 &"):format(command, done))
    client.drive(function()
      return seen
    end)
    client.drive(function()
      return os.remove(done)
    end)
  end

  it("is this process where it asks itself", function()
    local asking = peers.connect(open())
    asking:ask(client.get "/")
    table.sort(seen.groups)
    assert.are.same({
      uid = core.identity.own(),
      gid = numbers(shell "id -g")[1],
      groups = numbers(shell "grep ^Groups: /proc/self/status"),
    }, seen)
  end)

  it("is none on TCP", function()
    local listener = peers.listen(function(request)
      seen = request.peer
      return { status = 204 }
    end)
    seen = "unset"
    peers.connect(listener):ask(client.get "/")
    assert.is_nil(seen)
  end)

  it("is whoever connected, with every group that the process had", function()
    if core.identity.own() ~= 0 then
      return -- only root can become somebody else
    end
    open()
    assert(os.execute("chmod 755 " .. child.quote(folder)))
    ask_as "setpriv --reuid 4711 --regid 4712 --groups 4713,4714,4715"
    table.sort(seen.groups)
    assert.are.same({ uid = 4711, gid = 4712, groups = { 4713, 4714, 4715 } }, seen)
    ask_as "setpriv --reuid 4711 --regid 4712 --clear-groups"
    assert.are.same({ uid = 4711, gid = 4712, groups = {} }, seen)
  end)
end)
