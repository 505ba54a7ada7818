-- SPDX-License-Identifier: MIT
-- A gateway that takes other settings while it runs.
require "spec.support.paths"
local core = require "usher.core"
local errors = require "usher.errors"
local gateway = require "usher.gateway"
local json = require "usher.json"
local process = require "spec.support.process"
local recorder = require "spec.support.recorder"
local usher = require "usher"

local BEARER = { Authorization = "Bearer b3arer-token" }

local function get(url, headers, method)
  return core.transfer.perform { method = method or "GET", url = url, headers = headers, timeout_ms = 5000 }
end

local function raw(changes)
  local description = {
    callback = { listen = "127.0.0.1:0" },
    api = { listen = "127.0.0.1:0", token = "b3arer-token" },
    store = usher.store.memory {},
    accounts = { acme = usher.provider.memories_ai { api_key = "sk-reload" } },
  }
  for key, value in pairs(changes or {}) do
    description[key] = value
  end
  return description
end

describe("a reload", function()
  local running, lines, next_description

  local function start(changes)
    local logger
    logger, lines = recorder.new()
    running = assert(gateway.new(raw(changes), {
      log = logger,
      load = function()
        if not next_description then
          return errors.fail("bad_configuration", "usher.lua:7: wrong")
        end
        return next_description
      end,
    }))
    assert(running:start())
    finally(function()
      running:stop(0)
    end)
  end

  local function ask(path, headers, method)
    local response =
      assert(get(("http://%s%s"):format(running:addresses().api, path), headers or BEARER, method))
    return response.status, (json.decode(response.body))
  end

  local function event_of(name)
    for index = #lines, 1, -1 do
      if lines[index].event == name then
        return lines[index]
      end
    end
  end

  it("is asked for over the API", function()
    start()
    next_description = raw { accounts = { bolt = usher.provider.memories_ai { api_key = "sk-bolt" } } }
    assert.are.same({ 200, { reloaded = true } }, { ask("/v1/reload", nil, "POST") })
    assert.are.equal(200, (ask "/v1/accounts/bolt"))
    assert.are.equal(404, (ask "/v1/accounts/acme"))
    assert.is_truthy(event_of "gateway_reloaded")
    assert.are.equal(401, (ask("/v1/reload", {}, "POST")))
    assert.are.equal(405, (ask "/v1/reload"))
  end)

  it("that cannot be says why, and changes nothing", function()
    start()
    next_description = nil
    local status, body = ask("/v1/reload", nil, "POST")
    assert.are.equal(422, status)
    assert.are.same({ error = "bad_configuration", error_description = "usher.lua:7: wrong" }, body)
    assert.are.equal("usher.lua:7: wrong", event_of("reload_failed").error)
    assert.are.equal(200, (ask "/v1/accounts/acme"))
  end)

  for what, case in pairs {
    ["a wrong key"] = { { callback = { listn = "x" } }, "callback.listn is not a known key" },
    ["another store"] = {
      { store = usher.store.sqlite { path = "/nowhere/usher.db", key = ("k"):rep(32) } },
      "store has changed: that takes a restart",
    },
    ["an address that it cannot have"] = {
      { callback = { listen = "unix:/nowhere/x.sock" } },
      "callback.listen: its folder does not exist (unix:/nowhere/x.sock)",
    },
  } do
    it("to " .. what .. " is refused", function()
      start()
      local before = running:addresses()
      local ok, err = running:reload(raw(case[1]))
      assert.is_nil(ok)
      assert.are.equal(case[2], err.message:sub(1, #case[2]))
      assert.are.same(before, running:addresses())
      assert.are.equal(200, (ask "/v1/accounts/acme"))
    end)
  end

  it("is refused where the store cannot read a new account, and closes what it opened", function()
    start()
    local port = process.free_port()
    function running._store.load()
      return nil, core.failure "store_failed"
    end
    local ok, err = running:reload(raw {
      callback = { listen = "127.0.0.1:" .. port },
      accounts = { bolt = usher.provider.memories_ai { api_key = "sk-bolt" } },
    })
    running._store.load = nil
    assert.is_nil(ok)
    assert.are.equal("store_failed", err.code)
    assert.are.equal("connect_failed", select(2, get("http://127.0.0.1:" .. port)).code)
    assert.are.equal(200, (ask "/v1/accounts/acme"))
  end)

  it("forgets no push that was accepted", function()
    local lark = usher.provider.lark {
      app_id = "cli",
      app_secret = "s3cret",
      verification_token = "vt",
      base_url = "http://127.0.0.1:1",
    }
    local accounts = { accounts = { acme = lark } }
    start(accounts)
    local function push(ticket)
      local event = { app_id = "cli", app_ticket = ticket, type = "app_ticket" }
      local body = json.encode { uuid = "u-1", token = "vt", type = "event_callback", event = event }
      local url = ("http://%s/callback"):format(running:addresses().callback)
      local request = { method = "POST", url = url, body = body, timeout_ms = 5000 }
      assert.are.equal(200, core.transfer.perform(request).status)
    end
    push "first"
    assert.is_true(running:reload(raw(accounts)))
    push "second"
    assert.are.equal(1, select(2, ask "/v1/accounts/acme").pushes_24h)
  end)

  it("changes addresses, bearer, routes, hooks and the allow-list", function()
    start()
    local port, api_port = process.free_port(), process.free_port()
    local old = running:addresses()
    local function answer()
      return { status = 200, body = "mine" }
    end
    assert.is_true(running:reload(raw {
      callback = { listen = "127.0.0.1:" .. port, path = "/other" },
      api = { listen = "127.0.0.1:" .. api_port, token = "another" },
      routes = { ["GET /mine"] = answer },
    }))
    assert.are.same({ callback = "127.0.0.1:" .. port, api = "127.0.0.1:" .. api_port }, running:addresses())
    assert.are.equal("mine", get(("http://127.0.0.1:%d/mine"):format(port)).body)
    assert.are.equal(400, get(("http://127.0.0.1:%d/other"):format(port)).status)
    assert.are.equal(404, get(("http://127.0.0.1:%d/callback"):format(port)).status)
    assert.are.equal(401, (ask "/v1/accounts/acme"))
    assert.are.equal(200, (ask("/v1/accounts/acme", { Authorization = "Bearer another" })))
    process.await("the old listeners to close", function()
      return not get("http://" .. old.callback) and not get("http://" .. old.api)
    end)
    assert.is_true(running:reload(raw {
      callback = { listen = "127.0.0.1:" .. port, allow = { "192.0.2.0/24" } },
      api = { listen = "127.0.0.1:" .. api_port, token = "another" },
    }))
    for _, path in ipairs { "callback", "mine" } do
      assert.are.equal(403, get(("http://127.0.0.1:%d/%s"):format(port, path)).status)
    end
  end)

  it("answers over the listener that it replaces", function()
    start()
    next_description = raw { api = { listen = "127.0.0.1:" .. process.free_port(), token = "b3arer-token" } }
    local old = running:addresses().api
    assert.are.equal(200, (ask("/v1/reload", nil, "POST")))
    assert.are_not.equal(old, running:addresses().api)
    assert.are.equal(200, (ask "/v1/accounts/acme"))
  end)

  it("waits for the one before it", function()
    start()
    local names, ended = {}, core.future.new()
    for _, name in ipairs { "one", "two", "three" } do
      core.loop:spawn(function()
        local accounts = { [name] = usher.provider.memories_ai { api_key = "sk-" .. name } }
        assert(running:reload(raw { accounts = accounts }))
        table.insert(names, name)
        if #names == 3 then
          ended:resolve()
        end
      end)
    end
    ended:wait()
    assert.are.same({ "one", "two", "three" }, names)
    assert.are.equal(200, (ask "/v1/accounts/three"))
  end)

  it("is refused before the start, after the end, and without anything to read", function()
    local early = assert(gateway.new(raw(), { log = (recorder.new()) }))
    assert.are.equal("temporarily_unavailable", select(2, early:reload(raw())).code)
    assert(early:start())
    local _, err = early:reload()
    assert.are.equal("this gateway has no configuration that could be read again", err.message)
    early:stop(0)
    assert.are.equal("temporarily_unavailable", select(2, early:reload(raw())).code)
  end)

  it("under way lets the gateway stop", function()
    start()
    core.loop:spawn(function()
      running:reload(raw { callback = { listen = "127.0.0.1:" .. process.free_port() } })
    end)
    core.loop:step()
    running:stop(0)
    assert.are.same({}, core.loop:handles())
  end)
end)
