-- SPDX-License-Identifier: MIT
local child = require "spec.support.child"
local client = require "spec.support.socket_client"
local core = require "usher.core"
local peers = require "spec.support.peers"
local temporary = require "spec.support.temporary"

local connect, get, listen = peers.connect, client.get, peers.listen

local function handler(request)
  return { status = 200, body = request.remote }
end

local function options(path, mode)
  return { path = path, mode = mode, handler = handler }
end

local function code_of(path)
  local listener, err = core.listener.open(options(path))
  assert.is_nil(listener)
  return err.code
end

-- A socket file where nobody listens: left behind by a process that did not end in good order.
local function leave_stale(path)
  child.run(([[
    require("usher.core").listener.open { path = %q, handler = print }
    os.exit(true, false)
  ]]):format(path))
  assert.are.equal("socket", core.file.status(path).type)
end

describe("a Unix socket", function()
  it("takes requests, and is gone after the end", function()
    local path = peers.folder() .. "/usher.sock"
    local listener = listen(options(path))
    assert.are.equal("unix:" .. path, listener:address())
    assert.are.equal("unix", connect(listener):ask(get "/").body)
    listener:close()
    assert.is_nil(core.file.status(path))
  end)

  it("has its mode whatever the umask is", function()
    local folder = peers.folder()
    for _, umask in ipairs { "000", "022", "077", "777" } do
      for _, mode in ipairs { tonumber("600", 8), tonumber("660", 8), tonumber("666", 8) } do
        local output = child.run(
          ([[
            local core = require "usher.core"
            local listener = core.listener.open { path = %q, mode = %d, handler = print }
            io.write(core.file.status(%q).mode)
            listener:close()
          ]]):format(folder .. "/s", mode, folder .. "/s"),
          { before = "umask " .. umask }
        )
        assert.are.equal(tostring(mode), output)
      end
    end
  end)

  it("is 0600 where no mode is given", function()
    local path = peers.folder() .. "/s"
    listen(options(path))
    assert.are.equal(tonumber("600", 8), core.file.status(path).mode)
  end)

  it("replaces a file where nobody listens", function()
    local path = peers.folder() .. "/s"
    leave_stale(path)
    assert.are.equal("unix", connect(listen(options(path))):ask(get "/").body)
  end)

  it("leaves one where somebody listens", function()
    local path = peers.folder() .. "/s"
    local listener = listen(options(path))
    assert.are.equal("address_in_use", code_of(path))
    assert.are.equal("unix", connect(listener):ask(get "/").body)
  end)

  it("leaves a file that is no socket, and says so", function()
    local folder = peers.folder()
    temporary.write(folder .. "/s", "precious")
    assert.are.equal("exists", code_of(folder .. "/s"))
    assert.are.equal("precious", core.file.read(folder .. "/s", 100))
    assert.are.equal("exists", code_of(folder))
    os.execute(("ln -s nowhere '%s/link'"):format(folder))
    assert.are.equal("exists", code_of(folder .. "/link"))
  end)

  it("leaves a file that has taken the place of its own", function()
    local folder = peers.folder()
    local path = folder .. "/s"
    local first = listen(options(path))
    os.remove(path)
    local second = listen(options(path))
    first:close()
    assert.are.equal("unix", connect(second):ask(get "/").body)
  end)

  it("needs a path that a socket can have, in a folder that is there", function()
    local folder = peers.folder()
    assert.are.equal("bad_address", code_of "")
    assert.are.equal("bad_address", code_of(folder .. "/" .. ("x"):rep(108)))
    assert.are.equal("not_found", code_of(folder .. "/missing/s"))
    assert.are.equal("not_found", code_of "/dev/null/s")
  end)
end)
