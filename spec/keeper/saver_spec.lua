-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local one_account = require "spec.support.one_account"
local saver = require "usher.keeper.saver"
local token_set = require "usher.model.token_set"

-- What an attempt brought, to be saved over what the account has.
local function brought(rig, name, must_save)
  return {
    kind = "refresh",
    change = { token_set = rig:tokens(name), subject = "me" },
    base = rig.account.record,
    expires = rig.clock:boot() + 3600,
    must_save = must_save,
  }
end

local function save(rig, unsaved)
  local box = rig:run(saver.save, rig.keeper, rig.account, unsaved)
  assert(box.is_done, "it waits")
  return box.value, box.err and box.err.code
end

-- Counts what is concealed in the log.
local function count_secrets(rig)
  local counts = setmetatable({}, {
    __index = function()
      return 0
    end,
  })
  function rig.log.conceal(_, secret)
    counts[secret] = counts[secret] + 1
  end
  function rig.log.release(_, secret)
    counts[secret] = counts[secret] - 1
  end
  return counts
end

describe("saver", function()
  local cases = {
    -- what, does the store fail, must it be saved, expected: ok, error, served, on disk, events, unsaved
    { "serves what is on disk", false, true, { true, "-", "b", "b", 1, false } },
    { "serves a refreshed token while the store is down", true, false, { true, "-", "b", "a", 1, true } },
    {
      "serves nothing of a new refresh token before it is durable",
      true,
      true,
      { false, "temporarily_unavailable", "a", "a", 0, true },
    },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local rig = one_account.new()
      rig:hold(rig:tokens "a")
      rig:break_store(case[2] and "commit" or nil)
      local ok, code = save(rig, brought(rig, "b", case[3]))
      assert.are.same(case[4], {
        ok == true,
        code or "-",
        rig:served(),
        rig:record().token_set.access_token,
        #rig:told "token_refreshed",
        rig.account.unsaved ~= nil,
      })
    end)
  end

  for _, must_save in ipairs { true, false } do
    it(("saves later what the store could not take (must save: %s)"):format(must_save), function()
      local rig = one_account.new()
      rig:hold(rig:tokens "a")
      rig:break_store "commit"
      save(rig, brought(rig, "b", must_save))
      save(rig, rig.account.unsaved)
      rig:break_store()
      assert.is_true((save(rig, rig.account.unsaved)))
      assert.are.same({ "b", "b" }, { rig:served(), rig:record().token_set.access_token })
      assert.is_nil(rig.account.unsaved)
    end)
  end

  it("waits longer after every try, and never more than a minute", function()
    local rig, waits = one_account.new(), {}
    rig:break_store "commit"
    local unsaved = brought(rig, "a", true)
    for index = 1, 8 do
      save(rig, unsaved)
      waits[index] = unsaved.retry_at - rig.clock:boot()
    end
    assert.are.same({ 1, 2, 4, 8, 16, 32, 60, 60 }, waits)
  end)

  it("tells of the token without showing it", function()
    local rig = one_account.new()
    save(rig, brought(rig, "a", true))
    local event = rig:told("token_refreshed")[1]
    assert.are.same({ "refresh", rig.clock:wall() + 3600, token_set.fingerprint "a" }, {
      event.kind,
      event.expires_at,
      event.fingerprint,
    })
  end)

  local failures = { { 0, 0 }, { 3, 1 } }
  for _, case in ipairs(failures) do
    it(("forgets %d failures, and tells %d times of having recovered"):format(case[1], case[2]), function()
      local rig = one_account.new()
      rig.account.failures, rig.account.closures.refresh = case[1], { till = 1e9, count = 2 }
      save(rig, brought(rig, "a", true))
      assert.are.equal(case[2], #rig:told "recovered")
      assert.are.same({ 0, { count = 0 } }, { rig.account.failures, rig.account.closures.refresh })
    end)
  end

  it("pins the subject, and tells of it the first time", function()
    local rig = one_account.new()
    save(rig, brought(rig, "a", true))
    save(rig, brought(rig, "b", true))
    assert.are.equal("me", rig:record().subject)
    assert.are.equal(1, #rig:logged "subject_pinned")
  end)

  it("drops what was obtained for an account that is removed", function()
    local rig = one_account.new()
    local unsaved = brought(rig, "a", true)
    assert(rig.store:remove "acme")
    rig:hold(rig:tokens "other")
    assert(rig.store:remove "acme")
    local ok, code = save(rig, unsaved)
    assert.are.same({ code = "temporarily_unavailable" }, { ok = ok, code = code })
    assert.is_nil(rig.account.unsaved or rig:served())
    assert.are.equal(1, #rig:logged "answer_dropped")
  end)

  it("serves by its own clock what it obtained itself", function()
    local rig = one_account.new()
    local unsaved = brought(rig, "a", true)
    unsaved.expires = rig.clock:boot() + 100
    save(rig, unsaved)
    assert.are.equal(100, rig.account:left(rig.keeper:now()))
  end)

  it("conceals a token for as long as it is kept", function()
    local rig = one_account.new()
    local counts = count_secrets(rig)
    rig:break_store "commit"
    save(rig, brought(rig, "a", true))
    assert.is_true(counts.a > 0 and counts.ra > 0)
    save(rig, brought(rig, "b", true))
    assert.are.same({ 0, 0 }, { counts.a, counts.ra })
    rig:break_store()
    save(rig, rig.account.unsaved)
    assert.are.same({ 1, 1 }, { counts.b, counts.rb })
  end)
end)
