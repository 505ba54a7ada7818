-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local listeners = require "usher.gateway.listeners"
local peers = require "spec.support.peers"
local socket_client = require "spec.support.socket_client"
local tls = require "spec.support.tls"

local function error_body()
  return "fault", "text/plain"
end

local function tcp(port)
  return { address = { host = "127.0.0.1", port = port or 0 } }
end

local function mode_of(path)
  return ("%04o"):format(core.file.status(path).mode)
end

describe("the gateway's listeners", function()
  local all, folder

  -- Each part answers with its name, after `before` where that is given.
  local function open(spots, before)
    folder = peers.folder()
    all = listeners.new(function(part, request)
      if before then
        before(request)
      end
      return { status = 200, body = part }
    end, { callback = error_body, api = error_body })
    local move = assert(all:move(spots))
    move:commit()
    finally(function()
      all:close()
    end)
  end

  local function ask(address)
    local peer <close> = socket_client.connect(address)
    return peer:ask(socket_client.get "/").body
  end

  it("lead to their parts", function()
    open { callback = tcp(), api = tcp() }
    assert.are.equal("callback", ask(all:address "callback"))
    assert.are.equal("api", ask(all:address "api"))
  end)

  it("stay where their address is the same", function()
    local spots = { callback = tcp(), api = tcp() }
    open(spots)
    local before = all:address "callback"
    assert(all:move { callback = tcp(), api = tcp() }):commit()
    assert.are.equal(before, all:address "callback")
  end)

  it("take a certificate, another one and none where they stay", function()
    local base = peers.folder()
    local issued = tls.authority(base, "authority"):issue("server", "IP:127.0.0.1")
    local certificate <close> = assert(core.tls.open(issued.certificate, issued.key))
    open { callback = tcp(), api = tcp() }
    local function ask_over_tls()
      return (tls.converse(base, all:address "callback", socket_client.get("/", "Connection: close\r\n")))
    end
    local secured = tcp()
    secured.tls = certificate
    local move = assert(all:move { callback = secured, api = tcp() })
    assert.are.equal("callback", ask(all:address "callback"))
    move:commit()
    assert.matches("callback$", ask_over_tls())
    assert.are.equal("api", ask(all:address "api"))
    assert(all:move { callback = tcp(), api = tcp() }):commit()
    assert.are.equal("callback", ask(all:address "callback"))
  end)

  it("move: the new one is open before the old one closes, which ends what it has begun", function()
    local leave = core.future.new()
    open({ callback = tcp(), api = tcp() }, function(request)
      if request.path == "/slow" then
        leave:wait()
      end
    end)
    local old = all:address "callback"
    local slow <close> = socket_client.connect(old)
    slow:send(socket_client.get "/slow")
    peers.await_tasks(1)
    local port = require("spec.support.process").free_port()
    local move = assert(all:move { callback = tcp(port), api = tcp() })
    assert.are.equal("callback", ask(old))
    move:commit()
    assert.are.equal("127.0.0.1:" .. port, all:address "callback")
    assert.are.equal("callback", ask(all:address "callback"))
    leave:resolve()
    assert.are.equal("callback", slow:receive().body)
    peers.await_tasks(0)
    assert.has_error(function()
      socket_client.connect(old)
    end)
  end)

  it("stay where one of them cannot move", function()
    open { callback = tcp(), api = tcp() }
    local taken = peers.listen(function() end)
    local port = tonumber(taken:address():match "%d+$")
    local move, err =
      all:move { callback = tcp(require("spec.support.process").free_port()), api = tcp(port) }
    assert.is_nil(move)
    assert.are.equal(("api.listen: address already in use (127.0.0.1:%d)"):format(port), err.message)
    assert.are.equal("callback", ask(all:address "callback"))
  end)

  it("close what they opened for a move that is not made", function()
    open { callback = tcp(), api = tcp() }
    local port = require("spec.support.process").free_port()
    assert(all:move { callback = tcp(port), api = tcp() }):undo()
    assert.has_error(function()
      socket_client.connect("127.0.0.1:" .. port)
    end)
    assert.are.equal("callback", ask(all:address "callback"))
  end)

  it("share a socket file with a group, and no longer", function()
    local group = io.popen("id -gn"):read "l"
    open { callback = tcp(), api = tcp() }
    local path = folder .. "/usher.sock"
    local function move(mode, with_group)
      return all:move { callback = tcp(), api = { address = { path = path }, mode = mode, group = with_group } }
    end
    assert(move("0660", group)):commit()
    assert.are.equal("0660", mode_of(path))
    local prepared = assert(move("0600", group))
    assert.are.equal("0600", mode_of(path))
    prepared:undo()
    assert.are.equal("0660", mode_of(path))
    local _, err = move("0660", nil)
    assert.are.equal("api.group was removed: that takes a restart", err.message)
    _, err = move("0660", "no such group")
    assert.are.equal("bad_configuration", err.code)
    assert.are.equal("api.group no such group: there is no such group", err.message)
    assert.are.equal("0660", mode_of(path))
    assert.are.equal("api", ask("unix:" .. path))
  end)

  it("leave no socket file behind where a group does not exist", function()
    open { callback = tcp(), api = tcp() }
    local path = folder .. "/usher.sock"
    local move = all:move {
      callback = tcp(),
      api = { address = { path = path }, mode = "0660", group = "no such group" },
    }
    assert.is_nil(move)
    assert.is_nil(core.file.status(path))
  end)

  it("drain together", function()
    open { callback = tcp(), api = tcp() }
    local addresses = { all:address "callback", all:address "api" }
    all:drain(1)
    for _, address in ipairs(addresses) do
      assert.has_error(function()
        socket_client.connect(address)
      end)
    end
  end)
end)
