-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local one_account = require "spec.support.one_account"
local planner = require "usher.keeper.planner"
local retirement = require "usher.keeper.retirement"

describe("an account that is no longer kept", function()
  local rig

  -- A rig whose account is being refreshed for a second.
  local function refreshing()
    rig = one_account.new()
    rig:hold(rig:tokens "old")
    planner.consider(rig.keeper, rig.account)
    rig.keeper.scheduler:start()
    function rig.respond()
      rig.clock:sleep(1)
      return one_account.success("new" .. #rig.requests)
    end
    rig:run(rig.keeper.refresh, rig.keeper, "acme")
    finally(function()
      rig.keeper:stop()
    end)
  end

  local function on_disk()
    return rig:record().token_set.refresh_token
  end

  it("puts on disk what an attempt under way brings, and is forgotten then", function()
    refreshing()
    retirement.begin(rig.keeper, rig.account)
    assert.are.same({ rig.account, nil }, { rig.keeper.retiring.acme, rig.keeper.accounts.acme })
    rig.clock:advance(1)
    assert.are.equal("rnew1", on_disk())
    assert.is_nil(rig.keeper.retiring.acme)
  end)

  for _, is_early in ipairs { true, false } do
    it(("saves what the store could not take, before or after: %s"):format(is_early), function()
      refreshing()
      rig:break_store "commit"
      if is_early then
        retirement.begin(rig.keeper, rig.account)
      end
      rig.clock:advance(1.5)
      assert.is_truthy(rig.account.unsaved)
      if not is_early then
        retirement.begin(rig.keeper, rig.account)
      end
      rig:break_store()
      rig.clock:advance(60)
      assert.are.equal("rnew1", on_disk())
      assert.is_nil(rig.keeper.retiring.acme)
    end)
  end

  it("saves it with the end of the keeper where that comes first", function()
    refreshing()
    rig:break_store "commit"
    retirement.begin(rig.keeper, rig.account)
    rig.clock:advance(50)
    assert.is_truthy(rig.keeper.retiring.acme)
    rig:break_store()
    rig:run(rig.keeper.stop, rig.keeper)
    assert.are.equal("rnew1", on_disk())
  end)

  it("is taken back with its attempt under way", function()
    refreshing()
    assert.is_nil(retirement.take_back(rig.keeper, "acme"))
    retirement.begin(rig.keeper, rig.account)
    assert.are.equal(rig.account, retirement.take_back(rig.keeper, "acme"))
    assert.are.same({ rig.account, nil }, { rig.keeper.accounts.acme, rig.keeper.retiring.acme })
    rig.clock:advance(1)
    assert.are.same({ "new1", 1 }, { rig:served(), #rig.requests })
  end)

  it("is forgotten once, however often it came and went", function()
    refreshing()
    local concealed = 0
    function rig.log.conceal()
      concealed = concealed + 1
    end
    function rig.log.release()
      concealed = concealed - 1
    end
    for _ = 1, 3 do
      retirement.begin(rig.keeper, rig.account)
      rig.clock:advance(0.1)
      retirement.take_back(rig.keeper, "acme")
    end
    retirement.begin(rig.keeper, rig.account)
    rig.clock:advance(1)
    assert.are.equal(-2, concealed) -- the two tokens that were concealed before
    assert.is_nil(rig.keeper.retiring.acme)
  end)

  it("is brought back by a reload without a second attempt beside the one under way", function()
    refreshing()
    local settings = { provider = rig.provider, config = { callback_path = "/callback" }, policy = {} }
    assert.is_true(rig:run(rig.keeper.apply, rig.keeper, {}).value)
    assert.is_true(rig:run(rig.keeper.apply, rig.keeper, { acme = settings }).value)
    rig:run(rig.keeper.refresh, rig.keeper, "acme")
    rig.clock:advance(30)
    assert.are.same({ "new1", 1 }, { rig:served(), #rig.requests })
    assert.are.equal("ready", rig.keeper:document("acme").status)
  end)

  it("stays away where the reload that wanted it back fails", function()
    refreshing()
    local settings = { provider = rig.provider, config = { callback_path = "/callback" }, policy = {} }
    assert.is_true(rig:run(rig.keeper.apply, rig.keeper, {}).value)
    rig:break_store "load"
    assert.is_nil(rig:run(rig.keeper.apply, rig.keeper, { acme = settings, bolt = settings }).value)
    rig:break_store()
    assert.are.same({}, rig.keeper:names())
    rig.clock:advance(1)
    assert.are.equal("rnew1", on_disk())
    assert.is_nil(rig.keeper.retiring.acme)
  end)
end)
