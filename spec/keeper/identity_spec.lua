-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local derived = require "usher.keeper.derived"
local errors = require "usher.errors"
local identity = require "usher.keeper.identity"
local json = require "usher.json"
local tenant_rig = require "spec.support.tenant_rig"

describe("the identity of a tenant", function()
  local rig

  -- A platform whose codes do not say who authorized. Nothing has been pushed.
  local function new()
    rig = tenant_rig.new "wecom_suite"
    finally(function()
      rig:stop()
    end)
  end

  local function ready()
    new()
    rig:push()
    rig:advance(1)
  end

  local function record_of(name)
    return rig:run(rig.store.load, rig.store, "main/" .. name).value
  end

  local function told(name)
    local accounts = {}
    for _, event in ipairs(rig.events) do
      table.insert(accounts, event.event == name and event.account or nil)
    end
    return accounts
  end

  -- The bodies of the requests for a tenant's access token.
  local function watch_requests()
    local bodies, perform = {}, rig.rig.platform.perform
    function rig.rig.platform.perform(platform, request)
      if request.url:find "get_corp_token" then
        table.insert(bodies, json.decode(request.body))
      end
      return perform(platform, request)
    end
    return bodies
  end

  -- Tokens as a code brings them that came `seconds` from now, on their way to whose they are.
  local function unknown_tokens(name, seconds)
    local at = math.floor(rig.rig.clock:wall() + seconds)
    local tokens = {
      access_token = name,
      token_type = "Bearer",
      issued_at = at,
      expires_at = at,
      refresh_token = name,
      refresh_issued_at = at,
    }
    local account = derived.name("main", derived.unknown(name))
    local change = { epoch = 0, token_set = tokens, subject = "tenant-1", now = rig.rig.clock:wall() }
    assert(rig:run(rig.store.commit, rig.store, account, change, 0).value)
  end

  local function fail_once(method, pattern)
    local works, has_failed = rig.store[method], false
    rig.store[method] = function(store, name, ...)
      if not has_failed and name:find(pattern) then
        has_failed = true
        return errors.fail("store_failed", "spec")
      end
      return works(store, name, ...)
    end
  end

  it("is known before its permanent code is used, however slow the disk is", function()
    new()
    local bodies = watch_requests()
    rig:slow_store { load = 0.003 }
    for _, delivery in pairs(rig.rig:push()) do
      delivery.received.path = "/callback"
      rig:run(rig.callback.handle, rig.callback, delivery.received)
    end
    rig:advance(10)
    rig:slow_store {}
    assert.are.equal(1, #bodies)
    assert.are.equal("tenant-1", bodies[1].auth_corpid)
    assert.is_truthy(rig:token "tenant-1")
    assert.are.same({}, told "reauthorization_required")
  end)

  it("is looked for again where the tokens could not be moved, and they are not used meanwhile", function()
    new()
    local bodies = watch_requests()
    fail_once("commit", "main/tenant%-1")
    rig:push()
    rig:advance(0.5)
    assert.is_true(#bodies == 0 and #rig:stored() == 2)
    for _ = 1, 13 do
      rig:advance(600)
      rig:push()
    end
    assert.is_truthy(rig:token "tenant-1")
    assert.are.same({ "main", "main/tenant-1" }, rig:stored())
    for _, body in ipairs(bodies) do
      assert.are.equal("tenant-1", body.auth_corpid)
    end
  end)

  it("is looked for again as soon as the store is back", function()
    new()
    fail_once("commit", "main/tenant%-1")
    rig:push()
    rig:advance(2)
    assert.is_truthy(rig:token "tenant-1")
    assert.are.same({ "main", "main/tenant-1" }, rig:stored())
  end)

  it("is that of a later authorization, whose tokens stay", function()
    for _, case in ipairs { { 5, "new" }, { -5, "as it was" } } do
      ready()
      local before = record_of("tenant-1").token_set.refresh_token
      unknown_tokens("code", case[1])
      rig:stop()
      rig:start()
      rig:advance(1)
      local now = record_of("tenant-1").token_set.refresh_token
      assert.are.equal(case[2] == "new" and "code" or before, now)
      assert.are.same({ "main", "main/tenant-1" }, rig:stored())
      rig:stop()
    end
  end)

  it("is that of an earlier one too, where the later one's tokens are worth nothing", function()
    ready()
    local record = record_of "tenant-1"
    record.token_set.refresh_spent_at = record.token_set.issued_at
    local change =
      { epoch = 0, token_set = record.token_set, subject = "tenant-1", now = rig.rig.clock:wall() }
    assert(rig:run(rig.store.commit, rig.store, "main/tenant-1", change, record.version).value)
    unknown_tokens("code", -5)
    rig:stop()
    rig:start()
    assert.are.equal("code", record_of("tenant-1").token_set.refresh_token)
  end)

  it("is not looked for in tokens that were moved before", function()
    ready()
    local before = record_of "tenant-1"
    rig:run(rig.keeper.tenant_refresh, rig.keeper, "main", "tenant-1")
    rig:advance(60)
    local account = derived.name("main", derived.unknown "code")
    local change =
      { epoch = 0, token_set = before.token_set, subject = "tenant-1", now = rig.rig.clock:wall() }
    assert(rig:run(rig.store.commit, rig.store, account, change, 0).value)
    local version = record_of("tenant-1").version
    rig:stop()
    rig:start()
    assert.are.equal(version, record_of("tenant-1").version)
    assert.are.same({ "main", "main/tenant-1" }, rig:stored())
  end)

  it("is missed aloud, once, where the answer names nobody", function()
    ready()
    local of = { record = {}, noted = {}, parent = rig.keeper.accounts.main }
    identity.settle(rig.keeper, of)
    identity.settle(rig.keeper, of)
    local lines = 0
    for _, line in ipairs(rig.lines) do
      lines = lines + (line.event == "tenant_unknown" and 1 or 0)
    end
    assert.are.equal(1, lines)
  end)
end)
