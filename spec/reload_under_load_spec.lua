-- SPDX-License-Identifier: MIT
-- 100 configurations, good and bad in turn, while consumers ask for tokens and pushes come: no request fails, and no
-- push is lost.
require "spec.support.paths"
local clock = require "usher.clock"
local core = require "usher.core"
local description = require "usher.cli.description"
local gateway = require "usher.gateway"
local json = require "usher.json"
local recorder = require "spec.support.recorder"
local server = require "usher.simulator.server"
local simulator = require "usher.simulator"
local temporary = require "spec.support.temporary"

local RELOADS, CONSUMERS = 100, 8
local API_KEY = "sk-under-load"
local BEARER = { Authorization = "Bearer b3arer-token" }

local CONFIGURATION = [[
local usher = require "usher"
return usher.gateway {
  callback = { listen = "127.0.0.1:0" },
  api = { listen = "127.0.0.1:0", token = "b3arer-token" },
  store = usher.store.sqlite { path = "@folder/usher.db", key = usher.secret.file "@folder/master.key" },
  accounts = {
    acme = usher.provider.memories_ai {
      api_key = "sk-under-load",
      base_url = "http://@provider",
      policy = { margin = @margin },
    },
    @other
  },
  routes = { ["GET /version"] = function() return { status = 200, body = "@margin" } end },
  on = { push_received = function(event) @hook end },
  log = { level = "@level" },
}
]]

local MISTAKES = {
  { "callback =", "calback =" },
  { 'listen = "127.0.0.1:0" }', "listen = 80 }" },
  { "}\n$", "" },
  { "usher.gateway {", "usher.gate {" },
  { "/usher.db", "/other.db" },
  { "master.key", "no.key" },
}

describe("reload under load", function()
  local folder, provider, subject, running

  before_each(function()
    folder = temporary.folder()
    temporary.write(folder .. "/master.key", ("k"):rep(32))
    subject = simulator.new { api_key = API_KEY, clock = clock.system() }
    provider = assert(server.start {
      simulator = subject,
      clock = clock.system(),
      transfer = core.transfer.perform,
      address = { host = "127.0.0.1", port = 0 },
    })
  end)

  -- The configuration of that number; every other one has a mistake.
  local function write(number)
    local text = CONFIGURATION:gsub("@(%a+)", {
      folder = folder,
      provider = provider:address(),
      margin = tostring(600 + number),
      other = number % 4 == 0 and 'bolt = usher.provider.memories_ai { api_key = "sk-bolt" },' or "",
      hook = number % 6 == 0 and "error 'on purpose'" or "",
      level = number % 3 == 0 and "debug" or "info",
    })
    local mistake = number % 2 == 1 and MISTAKES[number // 2 % #MISTAKES + 1]
    temporary.write(folder .. "/usher.lua", mistake and text:gsub(mistake[1], mistake[2], 1) or text)
    return not mistake
  end

  local function start()
    local logger = recorder.new()
    local function load()
      return description.load(folder .. "/usher.lua")
    end
    write(0)
    running = assert(gateway.new(assert(load()), { log = logger, load = load }))
    assert(running:start())
    subject.options.callback = ("http://%s/callback"):format(running:addresses().callback)
  end

  local function ask(path, method)
    local url = ("http://%s%s"):format(running:addresses().api, path)
    return core.transfer.perform { method = method or "GET", url = url, headers = BEARER, timeout_ms = 10000 }
  end

  -- Runs `work` again and again until `is_over`, as a task; its failures are listed.
  local function keep_at(work, is_over, failures)
    local ended, count = core.future.new(), 0
    core.loop:spawn(function()
      repeat
        local fault = work()
        if fault then
          table.insert(failures, fault)
        end
        count = count + 1
      until is_over() or #failures > 3
      ended:resolve(count)
    end)
    return ended
  end

  local function consume()
    local response, err = ask "/v1/accounts/acme/token"
    local token = response and response.status == 200 and json.decode(response.body).access_token
    if not token or not subject.grants:check("access", token, subject:now()) then
      return ("token: %s %s"):format(tostring(err), response and response.body)
    end
  end

  local function push()
    local request = subject:push()
    local response, err = core.transfer.perform(request)
    clock.system():sleep(0.01)
    return (not response or response.status ~= 200) and ("push: %s"):format(err or response.status) or nil
  end

  local function reload_all()
    for number = 1, RELOADS do
      local is_good = write(number)
      local response = assert(ask("/v1/reload", "POST"))
      assert.are.equal(is_good and 200 or 422, response.status, response.body)
    end
  end

  local function stop()
    running:stop(5)
    provider:close()
    temporary.remove(folder)
  end

  it("fails no request and loses no push", function()
    start()
    finally(stop)
    assert.is_nil(push())
    assert(ask "/v1/accounts/acme/token?min_ttl=1&wait=5")
    local is_over, failures, ended, pushes_before = false, {}, {}, running._keeper:tally("acme").pushes
    local function check_over()
      return is_over
    end
    for _ = 1, CONSUMERS do
      table.insert(ended, keep_at(consume, check_over, failures))
    end
    local pushing = keep_at(push, check_over, failures)
    local done, message = xpcall(reload_all, debug.traceback)
    is_over = true
    local asked, pushed = 0, pushing:wait()
    for _, one in ipairs(ended) do
      asked = asked + one:wait()
    end
    assert(done, message)
    assert.are.same({}, failures)
    assert.is_true(asked >= RELOADS and pushed > 10, ("%d requests, %d pushes"):format(asked, pushed))
    assert.are.equal(pushed, running._keeper:tally("acme").pushes - pushes_before)
    assert.are.equal(RELOADS, running._keeper.accounts.acme.policy.margin - 600)
    assert.are.equal(1, subject.ledger:count("exchange", "ok"))
  end)
end)
