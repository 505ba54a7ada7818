-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local errors = require "usher.errors"
local json = require "usher.json"
local tenant_rig = require "spec.support.tenant_rig"
local ticket_rig = require "spec.support.ticket_rig"

local rig

local function new(...)
  rig = tenant_rig.new(...)
  return rig
end

-- A platform's account with a token, whose tenant has authorized.
local function ready(name, options)
  new(name, options)
  rig:push()
  rig:advance(1)
  return rig
end

local function token_of(tenant, options)
  local token, err = rig:token(tenant, options)
  assert(token, err and tostring(err))
  return token
end

local function authorize_anew()
  rig:run(rig.callback.handle, rig.callback, rig:authorize "tenant-1")
  rig:advance(1)
end

local function lives(token)
  return rig.rig.platform:left(token.access_token, "tenant-1") ~= nil
end

describe("tenants", function()
  after_each(function()
    rig:stop()
  end)

  for name in pairs(ticket_rig.DIALECTS) do
    it("get tokens of their own, kept fresh for a day: " .. name, function()
      ready(name)
      local seen, count = {}, 0
      for _ = 1, 24 * 6 do
        local token = token_of "tenant-1"
        assert.is_true(lives(token))
        count = count + (seen[token.access_token] and 0 or 1)
        seen[token.access_token] = true
        rig:push()
        rig:advance(600)
      end
      assert.is_true(count >= 12 and count <= 20, count)
      local refused = 0
      for _, entry in ipairs(rig.rig.platform.ledger:after()) do
        local is_asked = entry.kind == "derive" or entry.kind == "authorize" or entry.kind == "exchange"
        refused = refused + (is_asked and entry.verdict ~= "ok" and 1 or 0)
      end
      assert.are.equal(0, refused)
    end)

    it("are there again after a restart, without a request: " .. name, function()
      ready(name)
      local token = token_of "tenant-1"
      rig:stop()
      local asked = rig:count "derive" + rig:count "authorize"
      rig:start()
      local again = token_of "tenant-1"
      assert.are.equal(token.access_token, again.access_token)
      assert.are.equal(asked, rig:count "derive" + rig:count "authorize")
      assert.are.same({ "main", "main/tenant-1" }, rig:stored())
    end)

    it("are unknown by any other name: " .. name, function()
      ready(name)
      for _, tenant in ipairs { "tenant-2", "", "a/b", "?x", ("x"):rep(129), "a b" } do
        local token, err = rig:token(tenant)
        assert.is_nil(token)
        local is_asked = rig.rig.script.derives_by_name and tenant == "tenant-2"
        assert.are.equal(is_asked and "temporarily_unavailable" or "unknown_account", err.code)
      end
      rig:advance(7200)
      assert.are.equal(1, #rig.keeper:names())
      local names = {}
      for index, document in ipairs(rig.keeper:tenants "main") do
        names[index] = document.name
      end
      assert.are.same(rig.rig.script.derives_by_name and {} or { "tenant-1" }, names)
    end)

    it("wait for their platform's token: " .. name, function()
      ready(name)
      token_of "tenant-1"
      rig.is_cut = true
      rig:advance(7300)
      local _, err = rig:token("tenant-1", { wait = 0 })
      assert.are.equal("temporarily_unavailable", err.code)
      local asked = rig:count "derive"
      rig.is_cut = false
      rig:push()
      rig:advance(1300)
      assert.is_true(lives(token_of "tenant-1"))
      assert.is_true(rig:count "derive" - asked <= 2)
    end)
  end

  it("have the platform's token renewed where that is what was refused", function()
    ready "wechat_platform"
    token_of "tenant-1"
    rig:advance(700)
    rig.rig.platform:handle { method = "POST", path = "/revoke", query = "", headers = {}, body = "" }
    rig:run(rig.keeper.tenant_refresh, rig.keeper, "main", "tenant-1")
    rig:advance(30)
    assert.are.equal(2, rig:count("exchange", "ok"))
    assert.is_true(lives(token_of "tenant-1"))
    assert.are.equal("ready", json.decode(json.encode(rig.keeper:tenants "main"))[1].status)
  end)

  it("have a person authorize again where the one refresh token was lost with an answer", function()
    ready "wechat_platform"
    token_of "tenant-1"
    rig.loses_answers = true
    rig:run(rig.keeper.tenant_refresh, rig.keeper, "main", "tenant-1")
    rig:advance(2)
    rig.loses_answers = false
    rig:advance(7200)
    local _, err = rig:token("tenant-1", { wait = 0 })
    assert.are.equal("reauthorization_required", rig.keeper:tenants("main")[1].status)
    assert.are.equal("reauthorization_required", err.code)
    authorize_anew()
    assert.is_true(lives(token_of "tenant-1"))
  end)

  it("exchange a new authorization at once, whatever they have", function()
    ready "wechat_platform"
    local token = token_of "tenant-1"
    authorize_anew()
    assert.are_not.equal(token.access_token, token_of("tenant-1").access_token)
    assert.are.equal(2, rig:count("authorize", "ok"))
    assert.are.equal(0, rig:count "derive")
  end)

  -- What the tenant had is worth nothing any more, and its new code cannot be exchanged at once.
  local function authorize_anew_while_cut()
    ready "wechat_platform"
    token_of "tenant-1"
    rig:end_refresh_tokens()
    rig.is_cut = true
    authorize_anew()
  end

  local function keep_on_for_two_hours()
    rig.is_cut = false
    for _ = 1, 13 do
      rig:advance(600)
      rig:push()
    end
  end

  it(
    "exchange a new authorization in the end, though a fault came first and the old pair is there",
    function()
      authorize_anew_while_cut()
      keep_on_for_two_hours()
      assert.is_true(lives(token_of "tenant-1"))
      assert.are.equal(2, rig:count("authorize", "ok"))
    end
  )

  it("exchange one in the end that a restart has overtaken", function()
    authorize_anew_while_cut()
    rig:stop()
    rig.is_cut = false
    rig:start()
    keep_on_for_two_hours()
    assert.is_true(lives(token_of "tenant-1"))
    assert.are.equal(2, rig:count("authorize", "ok"))
  end)

  it("are forgotten when they take their authorization back", function()
    ready "wechat_platform"
    token_of "tenant-1"
    assert.is_true(rig:run(rig.keeper.offer_tenant, rig.keeper, "main", { name = "tenant-1" }).value)
    assert.are.equal("unknown_account", select(2, rig:token "tenant-1").code)
    assert.are.same({ "main" }, rig:stored())
    assert.is_true(rig:run(rig.keeper.offer_tenant, rig.keeper, "main", { name = "tenant-1" }).value)
  end)

  it("outlive a message from before their authorization that comes once more", function()
    for _, name in ipairs { "wechat_platform", "wecom_suite" } do
      ready(name)
      token_of "tenant-1"
      local removal = { name = "tenant-1", at = math.floor(rig.rig.clock:wall()) }
      local function send()
        assert.is_true(rig:run(rig.keeper.offer_tenant, rig.keeper, "main", removal).value)
      end
      send()
      assert.are.same({ "main" }, rig:stored())
      rig:advance(60)
      authorize_anew()
      send()
      assert.is_true(lives(token_of "tenant-1"))
      rig:advance(7200)
      rig:push() -- tokens that are refreshed are of the same authorization
      removal.at = removal.at + 120
      send()
      assert.are.same({ "main" }, rig:stored())
      rig:stop()
    end
  end)

  it("are there again where they authorize anew while they are being forgotten", function()
    ready "wechat_platform"
    token_of "tenant-1"
    rig:slow_store { remove = 0.005, load = 0.005, offer = 0.01 }
    local gone = rig:run(rig.keeper.offer_tenant, rig.keeper, "main", { name = "tenant-1" })
    local delivery = rig:authorize "tenant-1"
    local taken = rig:run(rig.callback.handle, rig.callback, delivery)
    rig:advance(1)
    assert.is_true(gone.value)
    assert.are.equal(200, taken.value.status)
    rig:slow_store {}
    assert.is_true(lives(token_of "tenant-1"))
    assert.are.equal(2, rig:count("authorize", "ok"))
  end)

  it("take a pushed authorization once", function()
    ready "wechat_platform"
    token_of "tenant-1"
    assert.are.equal(200, rig:push_again "tenant")
    rig:advance(10)
    assert.are.equal(1, rig:count "authorize")
  end)

  it("have their code on disk before it is used, and are taken up after a restart", function()
    for _, name in ipairs { "wechat_platform", "wecom_suite" } do
      new(name)
      rig.is_cut = true
      assert.are.equal(200, rig:push().tenant)
      rig:advance(5)
      assert.are.equal(2, #rig:stored())
      rig:stop()
      rig.is_cut = false
      rig:start()
      rig:advance(60)
      assert.is_true(lives(token_of "tenant-1"))
      assert.are.same({ "main", "main/tenant-1" }, rig:stored())
    end
  end)

  it("that only the answer names move to their own record, even after a kill in between", function()
    ready "wecom_suite"
    local token = token_of "tenant-1"
    local unknown = "main/?" .. ("0"):rep(32)
    local record = rig:run(rig.store.load, rig.store, "main/tenant-1").value
    local change =
      { epoch = 0, token_set = record.token_set, subject = "tenant-1", now = rig.rig.clock:wall() }
    rig:run(rig.store.commit, rig.store, unknown, change, 0)
    rig:run(rig.store.remove, rig.store, "main/tenant-1")
    rig:stop()
    rig:start()
    assert.are.equal(token.access_token, token_of("tenant-1").access_token)
    assert.are.same({ "main", "main/tenant-1" }, rig:stored())
  end)

  it("keep a permanent code through refreshes", function()
    ready "wecom_suite"
    local function code()
      return rig:run(rig.store.load, rig.store, "main/tenant-1").value.token_set.refresh_token
    end
    local first = code()
    for _ = 1, 3 do
      rig:push()
      assert(rig:run(rig.keeper.tenant_refresh, rig.keeper, "main", "tenant-1"))
      rig:advance(1)
    end
    assert.are.equal(first, code())
    assert.are.equal(4, rig:count("derive", "ok")) -- the code came without a token
  end)

  it("follow a reload of their platform's account", function()
    ready "wechat_platform"
    token_of "tenant-1"
    local function apply(accounts)
      assert(rig:run(rig.keeper.apply, rig.keeper, accounts).value)
    end
    apply { main = rig:account { config = { app_id = "wx-2", callback_path = "/callback" } } }
    assert.are.equal("wx-2", rig.keeper.accounts["main/tenant-1"].config.app_id)
    apply {}
    assert.are.same({}, rig.keeper.accounts)
    assert.are.equal(2, #rig:stored())
    apply { main = rig:account() }
    assert.is_true(lives(token_of "tenant-1"))
  end)

  local function reload_with_a_store_that_fails_once(method, name)
    ready "wechat_platform"
    token_of "tenant-1"
    assert(rig:run(rig.keeper.apply, rig.keeper, {}).value)
    local works, has_failed = rig.store[method], false
    rig.store[method] = function(store, asked)
      if not has_failed and asked == name then
        has_failed = true
        return errors.fail("store_failed", "spec")
      end
      return works(store, asked)
    end
    assert(rig:run(rig.keeper.apply, rig.keeper, { main = rig:account() }).value)
    assert.is_true(has_failed)
  end

  for method, name in pairs { names = false, load = "main/tenant-1" } do
    it("are taken up once the store is back that failed at a reload: " .. method, function()
      reload_with_a_store_that_fails_once(method, name or nil)
      assert.are.same({}, rig.keeper:tenants "main")
      rig:advance(2)
      assert.is_true(lives(token_of "tenant-1"))
      assert.are.equal("ready", rig.keeper:tenants("main")[1].status)
    end)
  end

  it("of which one's record is damaged take no other down", function()
    ready "wechat_platform"
    token_of "tenant-1"
    rig:run(rig.callback.handle, rig.callback, rig:authorize "tenant-2")
    rig:advance(1)
    rig:stop()
    local load = rig.store.load
    function rig.store.load(store, name)
      if name == "main/tenant-2" then
        return errors.fail("store_corrupt", "the record 'tokens' is damaged", { record = "tokens" })
      end
      return load(store, name)
    end
    rig:start()
    assert.is_true(lives(token_of "tenant-1"))
    assert.are.same({ "main", "main/tenant-1", "main/tenant-2" }, rig:stored())
  end)

  it("are not another app's, whenever the account becomes that one's", function()
    local config = { app_id = "wx-2", callback_path = "/callback" }
    for _, when in ipairs { "at a reload", "at a start" } do
      ready "wechat_platform"
      local token = token_of "tenant-1"
      local other = rig:account { subject = "wx-2", config = config }
      if when == "at a start" then
        assert(rig:run(rig.keeper.apply, rig.keeper, {}).value)
      end
      assert(rig:run(rig.keeper.apply, rig.keeper, { main = other }).value)
      local served, err = rig:token("tenant-1", { wait = 0 })
      assert.are.same({ nil, "unknown_account" }, { served, err.code }, token)
      assert.are.same({}, rig:stored())
      rig:stop()
    end
  end)

  it("tell of themselves under their account's name, and show no secret", function()
    ready "wechat_platform"
    local token = token_of "tenant-1"
    local told = {}
    for _, event in ipairs(rig.events) do
      told[event.event .. " " .. event.account] = true
    end
    assert.is_true(told["token_refreshed main/tenant-1"])
    local documents = rig.keeper:tenants "main"
    assert.are.same({ "tenant-1", "wechat_platform", "ready" }, {
      documents[1].name,
      documents[1].provider,
      documents[1].status,
    })
    local text = json.encode(documents)
    assert.is_nil(text:find(token.access_token, 1, true))
  end)

  it("do not exist for providers that derive nothing", function()
    ready "wechat_platform"
    local script = setmetatable({ derive = false }, { __index = rig.rig.script })
    rig:run(rig.keeper.apply, rig.keeper, { main = rig:account { provider = script } })
    assert.are.equal("unknown_account", select(2, rig:token "tenant-1").code)
    local box = rig:run(rig.keeper.offer_tenant, rig.keeper, "main", { name = "x", credential = "c" })
    assert.are.equal("bad_request", box.err.code)
  end)
end)
