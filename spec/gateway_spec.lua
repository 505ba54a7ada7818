-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local clock = require "usher.clock"
local core = require "usher.core"
local gateway = require "usher.gateway"
local json = require "usher.json"
local prometheus = require "spec.support.prometheus"
local recorder = require "spec.support.recorder"
local server = require "usher.simulator.server"
local simulator = require "usher.simulator"
local usher = require "usher"

local API_KEY = "sk-gateway-spec"
local PATH = "/callback/a-secret-of-16-bytes"

local function get(url, headers)
  return core.transfer.perform { method = "GET", url = url, headers = headers, timeout_ms = 5000 }
end

local function ask(running, path)
  local url = ("http://%s%s"):format(running:addresses().api, path)
  local response = assert(get(url, { Authorization = "Bearer b3arer-token" }))
  return response.status, json.decode(response.body)
end

describe("gateway", function()
  local provider, subject, state

  -- A case with a provider, which is closed before the audit: `after_each` would come later.
  local function case(name, body)
    it(name, function()
      subject = simulator.new { api_key = API_KEY, clock = clock.system() }
      provider = assert(server.start {
        simulator = subject,
        clock = clock.system(),
        transfer = core.transfer.perform,
        address = { host = "127.0.0.1", port = 0 },
      })
      finally(function()
        provider:close()
      end)
      state = core.encoding.hex_encode(core.digest.md5(API_KEY))
      body()
    end)
  end

  -- `changes` replace whole keys.
  local function describe_gateway(changes)
    local description = {
      callback = { listen = "127.0.0.1:0", path = PATH },
      api = { listen = "127.0.0.1:0", token = core.secret.new "b3arer-token" },
      store = usher.store.memory {},
      accounts = {
        acme = usher.provider.memories_ai { api_key = API_KEY, base_url = "http://" .. provider:address() },
      },
    }
    for key, value in pairs(changes or {}) do
      description[key] = value
    end
    return usher.gateway(description)
  end

  -- Runs `body(running, description)` with a started gateway; gives its log lines.
  local function with_gateway(changes, body)
    local logger, lines = recorder.new()
    local description = describe_gateway(changes)
    local running = assert(gateway.new(description, { log = logger }))
    assert(running:start())
    subject.options.callback = ("http://%s%s"):format(running:addresses().callback, PATH)
    local ok, message = xpcall(body, debug.traceback, running, description)
    running:stop(0)
    assert(ok, message)
    return lines
  end

  -- Has the provider push a code; gives the response.
  local function push()
    return assert(core.transfer.perform((subject:push())))
  end

  case("turns a pushed code into a token", function()
    with_gateway(nil, function(running)
      local status, body = ask(running, "/v1/accounts/acme/token")
      assert.are.same({ 503, "awaiting_credential" }, { status, body.error })
      local response = push()
      assert.are.same({ 200, "ok" }, { response.status, response.body })
      status, body = ask(running, "/v1/accounts/acme/token?min_ttl=1&wait=5")
      assert.are.equal(200, status)
      local bearer = { Authorization = "Bearer " .. body.access_token }
      assert.are.equal(200, get("http://" .. provider:address() .. "/api/serve/echo", bearer).status)
    end)
    assert.are.equal(1, subject.ledger:count("exchange", "ok"))
  end)

  case("answers a push without waiting for the provider", function()
    local asked = core.future.new()
    local silent <close> = assert(core.listener.open {
      host = "127.0.0.1",
      port = 0,
      handler = function()
        asked:resolve(true)
        core.future.new():wait()
      end,
    })
    local base_url = "http://" .. silent:address()
    local acme = usher.provider.memories_ai { api_key = API_KEY, base_url = base_url }
    with_gateway({ accounts = { acme = acme } }, function()
      assert.are.equal(200, push().status)
      assert.is_true(asked:wait())
    end)
  end)

  case("leaves an account that is disabled as it is, until it is no more", function()
    with_gateway(nil, function(running, description)
      local function reload(is_disabled)
        local base_url = "http://" .. provider:address()
        description.accounts = {
          acme = usher.provider.memories_ai { api_key = API_KEY, base_url = base_url, disabled = is_disabled },
        }
        assert(running:reload(description))
      end
      reload(true)
      assert.are.equal(200, push().status)
      local status, body = ask(running, "/v1/accounts/acme/token?wait=0")
      assert.are.same({ 503, "the account is disabled" }, { status, body.error_description })
      assert.are.equal("disabled", select(2, ask(running, "/v1/accounts/acme")).status)
      assert.are.equal(0, subject.ledger:count("exchange", "ok"))
      reload(nil)
      assert.are.equal(200, (ask(running, "/v1/accounts/acme/token?wait=5")))
      reload(true)
      assert.are.equal(503, (ask(running, "/v1/accounts/acme/token?wait=0")))
    end)
  end)

  case("is ready while the store answers", function()
    with_gateway(nil, function(running, description)
      assert.are.equal(200, (ask(running, "/readyz")))
      function description.store.names()
        return nil, core.failure "store_failed"
      end
      local status, body = ask(running, "/readyz")
      assert.are.same({ 503, "the store does not answer" }, { status, body.error_description })
      assert.are.equal(200, (ask(running, "/livez")))
    end)
  end)

  case("counts for /metrics", function()
    with_gateway(nil, function(running)
      push()
      ask(running, "/v1/accounts/acme/token?min_ttl=1&wait=5")
      subject.faults:add(assert(simulator.parse_fault "refresh:http,status=503"))
      assert(core.transfer.perform {
        method = "POST",
        url = ("http://%s/v1/accounts/acme/refresh"):format(running:addresses().api),
        headers = { Authorization = "Bearer b3arer-token" },
      })
      local url = ("http://%s/metrics"):format(running:addresses().api)
      local families = prometheus.parse(get(url, { Authorization = "Bearer b3arer-token" }).body)
      local attempts = {}
      for _, sample in ipairs(families.usher_attempts_total.samples) do
        attempts[sample.labels.kind .. " " .. sample.labels.outcome] = sample.value
      end
      assert.are.same({ ["exchange ok"] = 1, ["refresh retryable"] = 1 }, attempts)
      assert.are.equal(1, families.usher_pushes_total.samples[1].value)
      local requests = families.usher_requests_total.samples
      assert.are.same({ { listener = "api", status = "200" }, 2 }, { requests[1].labels, requests[1].value })
      assert.are.same(
        { { listener = "callback", status = "200" }, 1 },
        { requests[2].labels, requests[2].value }
      )
    end)
  end)

  case("runs routes and hooks", function()
    local refreshed
    with_gateway({
      routes = {
        ["POST /video-status"] = function(request)
          return { status = 200, body = request.body }
        end,
      },
      on = {
        token_refreshed = function(event)
          refreshed = event.account
        end,
      },
    }, function(running)
      local url = ("http://%s/video-status"):format(running:addresses().callback)
      assert.are.equal("PARSE", core.transfer.perform({ method = "POST", url = url, body = "PARSE" }).body)
      push()
      ask(running, "/v1/accounts/acme/token?min_ttl=1&wait=5")
    end)
    assert.are.equal("acme", refreshed)
  end)

  case("lets requests under way end when it stops", function()
    local entered, leave = core.future.new(), core.future.new()
    with_gateway({
      routes = {
        ["GET /slow"] = function()
          entered:resolve()
          leave:wait()
          return { status = 200, body = "done" }
        end,
      },
    }, function(running)
      local answered = core.future.new()
      local url = ("http://%s/slow"):format(running:addresses().callback)
      core.loop:spawn(function()
        answered:resolve(get(url))
      end)
      entered:wait()
      core.timer.start(20, function()
        leave:resolve()
      end)
      running:stop(5)
      assert.are.equal("done", answered:wait().body)
    end)
  end)

  case(
    "answers who waits for a token when it stops, and does not keep them to the end of the draining",
    function()
      with_gateway({}, function(running)
        local answered = core.future.new()
        local url = ("http://%s/v1/accounts/acme/token?wait=60"):format(running:addresses().api)
        core.loop:spawn(function()
          answered:resolve(get(url, { Authorization = "Bearer b3arer-token" }))
        end)
        local started_at = core.clock.boot()
        core.timer.start(50, function()
          running:stop(60)
        end)
        local response = answered:wait()
        assert.are.equal(503, response.status)
        assert.is_truthy(response.headers["retry-after"])
        assert.is_true(core.clock.boot() - started_at < 5)
      end)
    end
  )

  case("answers who waits for an attempt before the draining ends, by the token there is", function()
    with_gateway({}, function(running)
      push()
      local status, before = ask(running, "/v1/accounts/acme/token?min_ttl=1&wait=5")
      assert.are.equal(200, status)
      local answered = core.future.new()
      subject.faults:add(assert(simulator.parse_fault "refresh:hang"))
      core.loop:spawn(function()
        answered:resolve(core.transfer.perform {
          method = "POST",
          url = ("http://%s/v1/accounts/acme/refresh"):format(running:addresses().api),
          headers = { Authorization = "Bearer b3arer-token" },
        })
      end)
      core.timer.start(50, function()
        running:stop(0.5)
      end)
      local response = assert(answered:wait())
      local token = json.decode(response.body)
      assert.are.same(
        { 200, before.access_token, false },
        { response.status, token.access_token, token.refreshed }
      )
    end)
  end)

  case("cuts the draining short when told to stop again", function()
    local entered, leave = core.future.new(), core.future.new()
    with_gateway({
      routes = {
        ["GET /stuck"] = function()
          entered:resolve()
          leave:wait()
        end,
      },
    }, function(running)
      local failed = core.future.new()
      local url = ("http://%s/stuck"):format(running:addresses().callback)
      core.loop:spawn(function()
        failed:resolve(select(2, get(url)))
      end)
      entered:wait()
      core.timer.start(20, function()
        running:stop(0)
      end)
      local started_at = core.clock.boot()
      running:stop(60)
      assert.is_true(core.clock.boot() - started_at < 5)
      assert.are.equal("connection_lost", failed:wait().code)
      leave:resolve()
    end)
  end)

  case("names its version and addresses at start, and nothing secret ever", function()
    local lines = with_gateway(nil, function()
      push()
      get(subject.options.callback .. "x?code=c0de-of-nobody&state=" .. state)
    end)
    assert.are.equal("gateway_started", lines[2].event)
    assert.are.equal(usher.version, lines[2].version)
    assert.matches("^127.0.0.1:%d+$", lines[2].callback)
    for _, line in ipairs(lines) do
      local text = json.encode(line)
      for _, secret in ipairs { "a-secret-of", API_KEY, state, "b3arer-token", "c0de-of-nobody" } do
        assert.not_matches(secret, text, 1, true)
      end
    end
  end)

  local function warnings_of(changes)
    local events = {}
    for _, line in ipairs(with_gateway(changes, function() end)) do
      if line.level == "warn" then
        table.insert(events, line.event)
      end
    end
    return events
  end

  case("warns of callbacks in clear and of a subject that is not pinned", function()
    local callback = { listen = "0.0.0.0:0", plain = true }
    assert.are.same({ "callback_plain_http", "subject_not_pinned" }, warnings_of { callback = callback })
    local pinned = usher.provider.memories_ai { api_key = API_KEY, client_id = "w1" }
    assert.are.same({}, warnings_of { accounts = { acme = pinned } })
  end)

  case("undoes everything where it cannot listen", function()
    local taken <close> = assert(core.listener.open { host = "127.0.0.1", port = 0, handler = print })
    local store = usher.store.memory {}
    local description = describe_gateway {
      store = store,
      api = { listen = taken:address(), token = "b3arer-token" },
    }
    local refused = assert(gateway.new(description, { log = (recorder.new()) }))
    local ok, err = refused:start()
    assert.is_nil(ok)
    assert.are.equal("address_in_use", err.code)
    assert.matches("^api.listen: ", err.message)
    assert.is_nil((store:names()))
  end)

  case("passes on why the store does not open", function()
    local store = usher.store.memory {}
    function store.open()
      return nil, core.failure "store_locked"
    end
    local ok, err = gateway.new(describe_gateway { store = store }, { log = (recorder.new()) }):start()
    assert.is_nil(ok)
    assert.are.equal("store_locked", err.code)
  end)

  for what, refused in pairs {
    ["an address that is none"] = {
      { callback = { listen = "somewhere" } },
      'callback.listen "somewhere" is not an address',
    },
    ["callbacks in clear from everywhere"] = {
      { callback = { listen = "0.0.0.0:1" } },
      "callback.listen is reachable",
    },
    ["an API on TCP without a bearer"] = { { api = { listen = "127.0.0.1:1" } }, "api.token is required" },
    ["a malformed route"] = { { routes = { ["/x"] = print } }, "routes" },
  } do
    case("cannot be made with " .. what, function()
      local made, err = gateway.new(describe_gateway(refused[1]), { log = (recorder.new()) })
      assert.is_nil(made)
      assert.are.equal("bad_configuration", err.code)
      assert.matches(refused[2], err.message, 1, true)
    end)
  end
end)
