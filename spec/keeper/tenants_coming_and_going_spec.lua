-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local errors = require "usher.errors"
local roster = require "usher.keeper.roster"
local tenant_rig = require "spec.support.tenant_rig"
local tenants = require "usher.keeper.tenants"

local rig

-- A platform's account with a token, whose tenant has authorized.
local function ready(name)
  rig = tenant_rig.new(name)
  rig:push()
  rig:advance(1)
end

describe("tenants that come and go", function()
  after_each(function()
    rig:stop()
  end)

  -- A tenant that is asked for by its name alone for the first time: nothing of it is on disk before its answer.
  local function asked_for_by_name()
    ready "lark"
    rig:run(rig.keeper.tenant_token, rig.keeper, "main", "tenant-1")
    rig:advance(0.02)
    assert.is_truthy(rig.keeper.accounts["main/tenant-1"].flight)
  end

  it("that take their authorization back while they are asked for the first time leave nothing", function()
    asked_for_by_name()
    assert.is_true(rig:run(rig.keeper.offer_tenant, rig.keeper, "main", { name = "tenant-1" }).value)
    rig:advance(1)
    assert.are.same({ "main" }, rig:stored())
  end)

  for _, is_removed_before in ipairs { false, true } do
    it(("leave another app nothing of an answer on its way: %s"):format(is_removed_before), function()
      asked_for_by_name()
      if is_removed_before then
        assert(rig:run(rig.keeper.apply, rig.keeper, {}).value)
      end
      assert(rig:run(rig.keeper.apply, rig.keeper, { main = rig:account { subject = "another" } }).value)
      rig:advance(10)
      assert.are.same({}, rig:stored())
      assert.are.same({}, rig.keeper:tenants "main")
    end)
  end

  it("keep what they could not save where their record cannot be read as they come back", function()
    ready "wechat_platform"
    local of, commit, load = rig.keeper.accounts["main/tenant-1"], rig.store.commit, rig.store.load
    local has_failed = false
    function rig.store.commit()
      return errors.fail("store_failed", "spec")
    end
    rig:run(rig.keeper.tenant_refresh, rig.keeper, "main", "tenant-1")
    rig:advance(0.1)
    local rotated = of.unsaved.change.token_set.refresh_token
    assert(rig:run(rig.keeper.apply, rig.keeper, {}).value)
    function rig.store.load(store, name)
      if not has_failed and name == "main/tenant-1" then
        has_failed = true
        return errors.fail("store_failed", "spec")
      end
      return load(store, name)
    end
    assert(rig:run(rig.keeper.apply, rig.keeper, { main = rig:account() }).value)
    assert.is_true(has_failed)
    rig.store.commit = commit
    rig:advance(60)
    local record = rig:run(rig.store.load, rig.store, "main/tenant-1").value
    assert.are.equal(rotated, record.token_set.refresh_token)
  end)

  for _, method in ipairs { "load", "offer" } do
    it("whose code could not be kept are not kept either: " .. method, function()
      ready "wechat_platform"
      local works = rig.store[method]
      rig.store[method] = function(store, name, ...)
        if name == "main/tenant-2" then
          return errors.fail("store_failed", "spec")
        end
        return works(store, name, ...)
      end
      local received = rig:authorize "tenant-2"
      assert.are.equal(503, rig:run(rig.callback.handle, rig.callback, received).value.status)
      assert.are.same(
        { nil, nil },
        { rig.keeper.accounts["main/tenant-2"], rig.keeper.retiring["main/tenant-2"] }
      )
      rig.store[method] = works
      rig:advance(2)
      assert.are.equal(200, rig:run(rig.callback.handle, rig.callback, received).value.status)
      rig:advance(1)
      assert.is_truthy(rig:token("tenant-2", { wait = 0 }))
    end)
  end

  -- Has a task wait for the turn of "tenant-1" while a reload removes its platform's account.
  local function remove_meanwhile(fn, ...)
    local leave = core.future.new()
    rig:run(roster.in_turn, rig.keeper, "main/tenant-1", leave.wait, leave)
    local box = rig:run(fn, ...)
    assert(rig:run(rig.keeper.apply, rig.keeper, {}).value)
    leave:resolve()
    rig:advance(1)
    assert.are.same({}, rig.keeper.accounts)
    return box
  end

  it(
    "of an account that is removed as their code comes are not kept, and the sender is to come again",
    function()
      ready "wechat_platform"
      assert.are.equal(
        503,
        remove_meanwhile(rig.callback.handle, rig.callback, rig:authorize "tenant-1").value.status
      )
    end
  )

  it("of an account that is removed while they are taken up are not kept", function()
    ready "wechat_platform"
    roster.drop(rig.keeper, rig.keeper.accounts["main/tenant-1"])
    assert.is_true(remove_meanwhile(tenants.load, rig.keeper).value)
  end)
end)
