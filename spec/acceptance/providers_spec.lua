-- SPDX-License-Identifier: MIT
-- One gateway with an account of each kind at once, each against a provider of its own: every push lands at its
-- account, no token is another's, and a push at another's path is refused.

require "spec.support.paths"
local callback = require "usher.callback"
local clock = require "usher.clock"
local core = require "usher.core"
local fake_clock = require "spec.support.fake_clock"
local log = require "usher.log"
local memories_ai = require "usher.provider.memories_ai"
local oauth_peer = require "spec.support.oauth_peer"
local platform = require "usher.simulator.platform"
local process = require "spec.support.process"
local simulator = require "usher.simulator"
local temporary = require "spec.support.temporary"
local ticket_rig = require "spec.support.ticket_rig"
local wire = require "usher.simulator.wire"
local world = require "spec.support.world"

local ACCESS_LIFETIME = 6
local SECONDS = 6
-- WeCom gives the same token until its end: one with less left may be dead by the time that it is looked at.
local LEAST_LEFT = 2
local CLIENT_ID = simulator.defaults.client_id
local API_KEY = "sk-providers-0123456789"

-- Account -> the arguments of its provider's stand-in, and where that says whether a token lives.
local PROVIDERS = {
  memories = { arguments = { "--api-key", API_KEY }, echo = "/api/serve/echo" },
  wechat = { arguments = { "--provider", "wechat" }, echo = "/echo", tenant = "wx-tenant" },
  wecom = { arguments = { "--provider", "wecom" }, echo = "/echo", tenant = "ww-tenant" },
  lark = { arguments = { "--provider", "lark" }, echo = "/echo", tenant = "lark-tenant" },
  dingtalk = { arguments = { "--provider", "dingtalk" }, echo = "/echo", tenant = "ding-tenant" },
}

local CONFIGURATION = [[
local usher = require "usher"
local ports, key = %s, ("k"):rep(43)
local function base_url(name)
  return ("http://127.0.0.1:%%d"):format(ports[name])
end
return usher.gateway {
  callback = { listen = %q },
  api = { listen = %q },
  store = usher.store.sqlite { path = %q, key = key .. "=" },
  accounts = {
    memories = usher.provider.memories_ai {
      api_key = %q,
      client_id = %q,
      base_url = base_url "memories",
      callback_path = "/memories",
      policy = { push_interval = 1 },
    },
    wechat = usher.provider.wechat_platform {
      app_id = "wx0000000000simul",
      app_secret = "secret-simulated",
      token = "token-simulated",
      aes_key = key,
      base_url = base_url "wechat",
      callback_path = "/wechat",
    },
    wecom = usher.provider.wecom_suite {
      suite_id = "ww0000000000simul",
      suite_secret = "secret-simulated",
      token = "token-simulated",
      aes_key = key,
      corp_id = "ww000provider000",
      base_url = base_url "wecom",
      callback_path = "/wecom",
    },
    lark = usher.provider.lark {
      app_id = "cli_simulated",
      app_secret = "secret-simulated",
      verification_token = "token-simulated",
      encrypt_key = key,
      base_url = base_url "lark",
      callback_path = "/lark",
      policy = { margin = 1 },
    },
    dingtalk = usher.provider.dingtalk_suite {
      suite_key = "suitesimulated00",
      suite_secret = "secret-simulated",
      token = "token-simulated",
      aes_key = key,
      base_url = base_url "dingtalk",
      callback_path = "/dingtalk",
    },
    machine = usher.provider.oauth2 {
      grant = "client_credentials",
      token_endpoint = base_url "oauth" .. "/token",
      client_id = "machine",
      client_secret = "s3cret",
    },
    person = usher.provider.oauth2 {
      authorization_endpoint = base_url "oauth" .. "/authorize",
      token_endpoint = base_url "oauth" .. "/token",
      client_id = "person",
      callback_path = "/person",
    },
    file = usher.provider.static { file = %q },
    command = usher.provider.exec { command = { "/bin/cat", %q } },
  },
}
]]

-- What the provider pushes just now, as it would send it to that URL.
local function genuine(name, url)
  if name == "memories" then
    local subject = simulator.new { api_key = API_KEY, clock = clock.system(), callback = url }
    return (subject:push())
  end
  return (platform.new({ provider = name, clock = clock.system(), callback = url }):push())
end

local function status_of(request)
  return assert(core.transfer.perform(request)).status
end

describe("one account of each kind", function()
  local here, ports, running, root

  local function callback_url(name)
    return ("%s/%s"):format(root, name)
  end

  local function configure()
    local port_list = {}
    for name in pairs(PROVIDERS) do
      ports[name] = process.free_port()
      table.insert(port_list, ("%s = %d"):format(name, ports[name]))
    end
    ports.oauth = process.free_port()
    table.insert(port_list, "oauth = " .. ports.oauth)
    local config = here.folder .. "/usher.lua"
    here.config = config
    temporary.write(here.folder .. "/key", "sk-plain\n")
    temporary.write(here.folder .. "/token.json", '{"access_token":"from-command","expires_in":3600}')
    temporary.write(
      config,
      CONFIGURATION:format(
        ("{ %s }"):format(table.concat(port_list, ", ")),
        root:match "^http://(.*)$",
        ("unix:%s/usher.sock"):format(here.state_dir),
        here.state_dir .. "/usher.db",
        API_KEY,
        CLIENT_ID,
        here.folder .. "/key",
        here.folder .. "/token.json"
      )
    )
  end

  local function start_provider(name)
    local command = { here.program, "simulate", "--listen", "127.0.0.1:" .. ports[name] }
    for _, word in ipairs {
      "--callback",
      callback_url(name),
      "--push-interval",
      "1",
      "--access-lifetime",
      tostring(ACCESS_LIFETIME),
      "--first-push",
      "0.1",
    } do
      table.insert(command, word)
    end
    table.move(PROVIDERS[name].arguments, 1, #PROVIDERS[name].arguments, #command + 1, command)
    if PROVIDERS[name].tenant then
      table.insert(command, "--tenant")
      table.insert(command, PROVIDERS[name].tenant)
    end
    local started = process.start(here.folder, name, command)
    table.insert(running, started)
    started:await "event=simulator_listening"
  end

  -- Whether that provider takes the token.
  local function takes(name, token)
    local status = here.curl(
      ("http://127.0.0.1:%d%s"):format(ports[name], PROVIDERS[name].echo),
      ("--header 'Authorization: Bearer %s'"):format(token)
    )
    return status == 200
  end

  local function token_of(path)
    return process.await("a token of " .. path, function()
      local status, _, answer = here:ask(("/v1/accounts/%s/token"):format(path))
      return status == 200 and answer.expires_in >= LEAST_LEFT and answer.access_token
    end)
  end

  setup(function()
    here, ports, running = world.new(), {}, {}
    here.environment = {}
    root = here:callback_url():match "^(http://[^/]+)"
    assert(os.execute("mkdir " .. here.state_dir))
    configure()
    oauth_peer.serve(here, "mock_server.mjs", ports.oauth, {})
    here:start_gateway()
    for name in pairs(PROVIDERS) do
      start_provider(name)
    end
  end)

  teardown(function()
    for _, started in ipairs(running) do
      started:close()
    end
    here:close()
  end)

  it("has a token that its own provider takes, and no other", function()
    for name in pairs(PROVIDERS) do
      local token = token_of(name)
      for other in pairs(PROVIDERS) do
        assert.are.equal(name == other, takes(other, token), name .. " at " .. other)
      end
    end
    assert.are.equal("sk-plain", token_of "file")
    assert.are.equal("from-command", token_of "command")
  end)

  it("has tokens of OAuth 2.0, by a person or without, which nobody else takes", function()
    local api = ("unix:%s/usher.sock"):format(here.state_dir)
    local command =
      process.start(here.folder, "authorize", { here.program, "authorize", "person", "--api", api })
    table.insert(running, command)
    local page = process.await("a URL", function()
      return command:output():match "\n    (http%S+)\n"
    end)
    assert.are.equal(200, (here.curl(page, "--location")))
    assert.are.equal(0, command:wait())
    for _, name in ipairs { "machine", "person" } do
      local token = token_of(name)
      for other in pairs(PROVIDERS) do
        assert.is_false(takes(other, token))
      end
    end
  end)

  it("has tokens of its tenants", function()
    for name, provider in pairs(PROVIDERS) do
      if provider.tenant then
        local path = ("%s/tenants/%s"):format(name, provider.tenant)
        local token = token_of(path)
        for other in pairs(PROVIDERS) do
          assert.are.equal(name == other, takes(other, token), path .. " at " .. other)
        end
      end
    end
    assert.are.equal(404, (here:ask "/v1/accounts/memories/tenants/wx-tenant/token"))
    assert.are.equal(404, (here:ask "/v1/accounts/wechat/tenants/ww-tenant/token"))
  end)

  it("is kept fresh, tenants and all", function()
    local paths = { "memories" }
    for name, provider in pairs(PROVIDERS) do
      if provider.tenant then
        table.insert(paths, name)
        table.insert(paths, ("%s/tenants/%s"):format(name, provider.tenant))
      end
    end
    local system, asked = clock.system(), 0
    local ends_at = system:boot() + SECONDS
    while system:boot() < ends_at do
      for _, path in ipairs(paths) do
        local status, body, answer = here:ask(("/v1/accounts/%s/token"):format(path))
        assert.are.equal(200, status, path .. " " .. body)
        if answer.expires_in >= LEAST_LEFT then
          assert.is_true(takes(path:match "^%w+", answer.access_token), path)
        end
        asked = asked + 1
      end
    end
    assert.is_true(asked >= #paths)
  end)

  it("refuses what is pushed at another's path, and is none the worse", function()
    local function subjects()
      local list = {}
      for name in pairs(PROVIDERS) do
        local _, _, document = here:ask("/v1/accounts/" .. name)
        list[name] = document.subject
      end
      return list
    end
    local function refuse(name, other)
      local status = status_of(genuine(name, callback_url(other)))
      assert.is_true(status == 400 or status == 403, ("%s at %s: %d"):format(name, other, status))
    end
    local before = subjects()
    for name in pairs(PROVIDERS) do
      for other in pairs(PROVIDERS) do
        if other ~= name then
          refuse(name, other)
        end
      end
      refuse(name, "person")
    end
    assert.are.same(before, subjects())
  end)

  it("is ready, and every push was answered as its provider wants it", function()
    for _, name in ipairs {
      "memories",
      "wechat",
      "wecom",
      "lark",
      "dingtalk",
      "machine",
      "person",
      "file",
      "command",
    } do
      process.await(name .. " to be ready", function()
        local _, _, document = here:ask("/v1/accounts/" .. name)
        return document.status == "ready"
      end)
    end
    for name, provider in pairs(PROVIDERS) do
      local _, body = here.curl(("http://127.0.0.1:%d/ledger"):format(ports[name]))
      assert.matches('"status":200', body, 1, true)
      assert.is_nil(body:find '"error":')
      assert.is_nil(provider.tenant and body:find '"verdict":"refused"', name)
    end
  end)
end)

describe("accounts of each kind on one path", function()
  it("get their own pushes", function()
    local system = fake_clock.new(1700000000)
    local accounts, offered = {}, {}
    for name in pairs(ticket_rig.DIALECTS) do
      local rig = ticket_rig.new(name)
      rig.config.callback_path = "/callback"
      accounts[name] = { provider = rig.script, config = rig.config }
    end
    accounts.memories_ai =
      { provider = memories_ai, config = { api_key = API_KEY, callback_path = "/callback" } }
    local subject = assert(callback.new {
      accounts = accounts,
      offer = function(account, push)
        offered[account] = push.credential
        return true
      end,
      log = log.silent(),
      clock = system,
      random = core.random.bytes,
    })
    local function hand_in(request)
      local received = wire.received(request)
      received.path = "/callback"
      return subject:handle(received).status
    end
    for name in pairs(ticket_rig.DIALECTS) do
      for what, delivery in pairs(ticket_rig.new(name, { clock = system }):push()) do
        assert.are.equal(200, hand_in(delivery.request), name .. " " .. what)
        if what == "ticket" then
          assert.are.equal(delivery.code, offered[name], name)
        end
      end
    end
    local request, code = simulator.new({ api_key = API_KEY, clock = system }):push()
    assert.are.equal(200, hand_in(request))
    assert.are.equal(code, offered.memories_ai)
  end)
end)
