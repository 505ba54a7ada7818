-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local roster = require "usher.keeper.roster"
local tenant_rig = require "spec.support.tenant_rig"

describe("the roster of tenants", function()
  local rig, parent

  before_each(function()
    rig = tenant_rig.new "wechat_platform"
    parent = rig.keeper.accounts.main
    rig:push()
    rig:advance(1)
  end)

  after_each(function()
    rig:stop()
  end)

  local function always()
    return true
  end

  it("has one live account of a tenant", function()
    local of = roster.keep(rig.keeper, parent, "tenant-1")
    assert.are.equal(of, roster.keep(rig.keeper, parent, "tenant-1"))
    assert.are.same({ of, of }, { rig.keeper.accounts["main/tenant-1"], parent.tenants["tenant-1"] })
    assert.are.same({ "main/tenant-2", "tenant-2" }, {
      roster.keep(rig.keeper, parent, "tenant-2").name,
      parent.tenants["tenant-2"].tenant,
    })
  end)

  it("reads a record once for all who ask", function()
    rig:slow_store { load = 0.01 }
    local of = roster.keep(rig.keeper, parent, "tenant-2")
    local reads = rig.keeper.reads
    local one, other = rig:run(roster.load, rig.keeper, of), rig:run(roster.load, rig.keeper, of)
    rig:advance(0.02)
    assert.are.same({ true, true, true }, { one.value, other.value, of.is_loaded })
    assert.are.equal(reads + 1, rig.keeper.reads)
  end)

  it("reads it to the end although who asked first is gone, as when a listener is closed", function()
    rig:slow_store { load = 0.01 }
    local of = roster.keep(rig.keeper, parent, "tenant-2")
    local task = core.loop:spawn(roster.load, rig.keeper, of)
    rig:run(function() end)
    local other = rig:run(roster.load, rig.keeper, of)
    task:close()
    rig:advance(0.02)
    assert.are.same({ true, true }, { other.value, of.is_loaded })
  end)

  it("lets one at a tenant", function()
    local leave, seen = core.future.new(), {}
    local function visit(label)
      table.insert(seen, label)
      if label == 1 then
        leave:wait()
      end
    end
    rig:run(roster.in_turn, rig.keeper, "main/tenant-1", visit, 1)
    rig:run(roster.in_turn, rig.keeper, "main/tenant-1", visit, 2)
    rig:run(roster.in_turn, rig.keeper, "main/tenant-2", visit, 3)
    assert.are.same({ 1, 3 }, seen)
    leave:resolve()
    rig:advance(0)
    assert.are.same({ 1, 3, 2 }, seen)
  end)

  it("drops a tenant and leaves what is on disk", function()
    roster.drop(rig.keeper, parent.tenants["tenant-1"])
    assert.are.same({}, parent.tenants)
    assert.are.same({ "main", "main/tenant-1" }, rig:stored())
  end)

  it(
    "sees out what a tenant has begun that is kept no longer, and gives it back to who comes for it",
    function()
      local of = parent.tenants["tenant-1"]
      local refresh_token = of.record.token_set.refresh_token
      rig:run(rig.keeper.tenant_refresh, rig.keeper, "main", "tenant-1")
      assert.is_truthy(of.flight)
      roster.retire(rig.keeper, of)
      assert.are.same({ {}, of }, { parent.tenants, rig.keeper.retiring[of.name] })
      assert.are.equal(of, roster.keep(rig.keeper, parent, "tenant-1"))
      assert.are.same({ of, nil }, { rig.keeper.accounts[of.name], of.is_loaded })
      roster.retire(rig.keeper, of)
      rig:advance(1)
      assert.is_nil(rig.keeper.retiring[of.name])
      assert.are_not.equal(refresh_token, of.record.token_set.refresh_token)
    end
  )

  it("removes a tenant for good, unless there is no reason any more once its turn has come", function()
    local of = parent.tenants["tenant-1"]
    local function never()
      return false
    end
    assert.is_true(rig:run(roster.remove, rig.keeper, of, never).value)
    assert.are.same({ "main", "main/tenant-1" }, rig:stored())
    assert.is_true(rig:run(roster.remove, rig.keeper, of, always).value)
    assert.are.same({ "main" }, rig:stored())
    local new = roster.keep(rig.keeper, parent, "tenant-1")
    assert.is_true(rig:run(roster.remove, rig.keeper, of, always).value)
    assert.are.equal(new, parent.tenants["tenant-1"])
  end)
end)
