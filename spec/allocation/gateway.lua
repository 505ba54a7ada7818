-- SPDX-License-Identifier: MIT
-- A gateway that stands: a push from the provider, its exchange, and a consumer who asks for the token.
local allocation = require "allocation"
local clock = require "usher.clock"
local core = require "usher.core"
local gateway = require "usher.gateway"
local log = require "usher.log"
local server = require "usher.simulator.server"
local simulator = require "usher.simulator"
local usher = require "usher"

local API_KEY = "sk-allocation"
local PATH = "/callback/a-secret-of-16-bytes"

assert(allocation.pin(package.searchpath("cjson", package.cpath)))

return function(folder)
  local subject = simulator.new { api_key = API_KEY, clock = clock.system() }
  local provider = assert(server.start {
    simulator = subject,
    clock = clock.system(),
    transfer = core.transfer.perform,
    address = { host = "127.0.0.1", port = 0 },
  })
  local running = assert(gateway.new(
    usher.gateway {
      callback = { listen = "127.0.0.1:0", path = PATH },
      api = { listen = "127.0.0.1:0", token = core.secret.new "b3arer-token" },
      store = usher.store.sqlite { path = folder .. "/usher.db", key = core.secret.new(("k"):rep(32)) },
      accounts = {
        acme = usher.provider.memories_ai { api_key = API_KEY, base_url = "http://" .. provider:address() },
      },
    },
    { log = log.silent() }
  ))
  assert(running:start())
  subject.options.callback = ("http://%s%s"):format(running:addresses().callback, PATH)

  local function ask(path)
    return core.transfer.perform {
      method = "GET",
      url = ("http://%s%s"):format(running:addresses().api, path),
      headers = { Authorization = "Bearer b3arer-token" },
      timeout_ms = 5000,
    }
  end

  return {
    perform = function()
      assert(assert(core.transfer.perform((subject:push()))).status == 200)
      local response = assert(ask "/v1/accounts/acme/token?min_ttl=1&wait=5")
      assert(response.status == 200 and assert(ask "/readyz").status == 200, response.body)
    end,
    close = function()
      running:stop(0)
      provider:close()
      core.loop:run()
      assert(#core.loop:handles() == 0)
    end,
  }
end
