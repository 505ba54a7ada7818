-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local clock = require "usher.clock"
local core = require "usher.core"
local loopback = require "usher.cli.loopback"

local redirects, given

local function open(answer)
  given = {}
  redirects = assert(loopback.open(function(query)
    table.insert(given, query)
    return table.unpack(answer, 1, 2)
  end))
  finally(function()
    redirects:close()
  end)
end

-- The response to a browser, while the command waits.
local function browse(path, host, method)
  local response, err
  core.loop:spawn(function()
    response, err = core.transfer.perform {
      method = method or "GET",
      url = ("http://%s:%d%s"):format(host or "127.0.0.1", redirects.port, path),
    }
  end)
  local deadline = clock.system():boot() + 10
  repeat
    redirects:wait(0.02)
  until response or err or clock.system():boot() > deadline
  assert(response, err)
  return response
end

describe("a loopback port", function()
  it("gives what comes to the path on, and the browser the answer to it", function()
    open { { status = 201, headers = { ["X-Of"] = "gateway" }, body = "Thank you." } }
    redirects:expect "/callback"
    local response = browse "/callback?code=c%20&state=s"
    assert.are.same(
      { 201, "gateway", "Thank you." },
      { response.status, response.headers["x-of"], response.body }
    )
    assert.are.same({ "code=c%20&state=s" }, given)
  end)

  it("takes nothing before it expects something, nor anything else", function()
    open { { status = 200 } }
    assert.are.equal(404, browse("/callback?code=c").status)
    redirects:expect "/callback"
    assert.are.equal(404, browse("/favicon.ico").status)
    assert.are.equal(405, browse("/callback?code=c", nil, "POST").status)
    assert.are.same({}, given)
  end)

  it("tells the browser that the gateway did not take it", function()
    open { nil, { code = "no_gateway", message = "no gateway at unix:/run/usher.sock" } }
    redirects:expect "/"
    local response = browse "/?code=c"
    assert.are.equal(503, response.status)
    assert.are.equal("The gateway did not take this: no gateway at unix:/run/usher.sock\n", response.body)
  end)

  it("listens at loopback addresses of both families alone", function()
    open { { status = 200 } }
    redirects:expect "/"
    local probe = core.listener.open { host = "::1", port = 0, handler = error }
    if probe then
      probe:close()
      assert.are.equal(200, browse("/?code=c", "[::1]").status)
    end
    local other = core.listener.open { host = "127.0.0.2", port = redirects.port, handler = error }
    assert(other, "another address has this port too"):close()
  end)

  it("ends the wait when something came, long before its time", function()
    open { { status = 200 } }
    redirects:expect "/"
    local answered = core.future.new()
    core.loop:spawn(function()
      local url = ("http://127.0.0.1:%d/?code=c"):format(redirects.port)
      answered:resolve(core.transfer.perform { method = "GET", url = url })
    end)
    local began = clock.system():boot()
    redirects:wait(600)
    assert.is_true(clock.system():boot() - began < 60)
    assert.are.equal(200, answered:wait().status)
    assert.are.same({ "code=c" }, given)
  end)
end)
