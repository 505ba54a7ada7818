-- SPDX-License-Identifier: MIT
-- `./dev run` for a newcomer: the gateway and its simulator come up together, and end together.

local paths = require "spec.support.paths"
local process = require "spec.support.process"
local socket = require "socket"
local temporary = require "spec.support.temporary"

local folder, ports

local function start_demo()
  ports = { process.free_port(), process.free_port() }
  local demo = process.start(folder, "demo", { paths.root .. "/tools/run_demo" }, {
    USHER_DEMO_DIR = folder .. "/run",
    USHER_DEMO_PORT = tostring(ports[1]),
    USHER_CALLBACK_LISTEN = "127.0.0.1:" .. ports[2],
  })
  finally(function()
    demo:close()
  end)
  return demo
end

describe("the demo", function()
  before_each(function()
    folder = temporary.folder()
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  it("ends well with its gateway and its simulator when it alone is told to", function()
    local demo = start_demo()
    demo:await "event=token_refreshed"
    demo:signal "TERM"
    assert.are.equal(0, demo:wait())
    local _, log = demo:output()
    assert.matches("event=gateway_stopped", log)
    for _, port in ipairs(ports) do
      assert(socket.bind("127.0.0.1", port)):close()
    end
  end)
end)
