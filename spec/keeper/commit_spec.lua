-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local commit = require "usher.keeper.commit"
local errors = require "usher.errors"
local one_account = require "spec.support.one_account"

local BASE = { version = 0, epoch = 0 }

local function write(rig, change, base)
  return commit.write(rig.keeper, rig.account, change, base or BASE)
end

local function access_of(tokens)
  return tokens and tokens.access_token
end

describe("commit", function()
  it("ends the attempt and spends its credential with the same write", function()
    local rig = one_account.new()
    local push = rig:push "code"
    local begin = {
      owner = "spec",
      lease = 30,
      kind = "exchange",
      now = rig.clock:wall(),
      entry = { sequence = push.sequence, tries = 1 },
    }
    local fence = assert(rig.store:begin("acme", begin))
    local tokens = rig:tokens "a"
    assert.are.equal(
      1,
      write(rig, { token_set = tokens, subject = "me", fence = fence, spent_sequence = push.sequence })
    )
    local record = rig:record()
    assert.are.same({ tokens, "me", {} }, { record.token_set, record.subject, record.pushes })
    assert.is_nil(record.journal or record.lease)
  end)

  local meanwhile = {
    {
      "another token set: that stays first and ours goes beside it",
      function(rig)
        rig:hold(rig:tokens "theirs")
      end,
      { version = 2, first = "theirs", alternate = "ours" },
    },
    {
      "ours, first: nothing is written",
      function(rig)
        rig:hold(rig:tokens "before")
        rig:hold(rig:tokens "ours", rig:tokens "before")
      end,
      { version = 2, first = "ours", alternate = "before" },
    },
    {
      "ours, beside another: nothing is written",
      function(rig)
        rig:hold(rig:tokens "before")
        rig:hold(rig:tokens "theirs", rig:tokens "ours")
      end,
      { version = 2, first = "theirs", alternate = "ours" },
    },
    {
      "nothing, since the account was removed: conflict",
      function(rig)
        rig:hold(rig:tokens "theirs")
        assert(rig.store:remove "acme")
      end,
      { error = "conflict" },
    },
  }
  for _, case in ipairs(meanwhile) do
    it("finds " .. case[1], function()
      local rig = one_account.new()
      case[2](rig)
      local version, err = write(rig, { token_set = rig:tokens "ours", subject = "me" })
      local record = rig:record()
      assert.are.same(case[3], {
        version = version,
        error = err and err.code,
        first = access_of(record.token_set),
        alternate = access_of(record.alternate),
      })
    end)
  end

  local kept = {
    -- title, refresh tokens of what is there, of its alternate, of the alternate afterwards
    { "keeps the refresh token that is there", "ra", nil, "ra" },
    { "keeps the alternate's where the first has none", nil, "rb", "rb" },
    { "keeps the first's rather than the alternate's", "ra", "rb", "ra" },
    { "keeps the alternate's where the first is spent", "spent", "rb", "rb" },
    { "keeps nothing that is spent", "spent", nil, nil },
  }
  for _, case in ipairs(kept) do
    it(case[1] .. " where a token set comes without one, and leaves the two apart", function()
      local rig = one_account.new()
      local first, alternate = rig:tokens "a", case[3] and rig:tokens "b"
      first.refresh_token = case[2]
      first.refresh_spent_at = case[2] == "spent" and rig.clock:wall() or nil
      rig:hold(first, alternate)
      local ours = rig:tokens "ours"
      ours.refresh_token = nil
      assert.are.equal(2, write(rig, { token_set = ours, subject = "me" }, rig.account.record))
      local record = rig:record()
      assert.are.same(ours, record.token_set)
      assert.are.equal(case[4], record.alternate and record.alternate.refresh_token)
    end)
  end

  it("keeps no other refresh token beside a new one", function()
    local rig = one_account.new()
    rig:hold(rig:tokens "a", rig:tokens "b")
    write(rig, { token_set = rig:tokens "ours" }, rig.account.record)
    assert.is_nil(rig:record().alternate)
  end)

  it("gives up on a store that conflicts without end", function()
    local rig, count = one_account.new(), 0
    function rig.store.commit()
      count = count + 1
      assert(count < 100, "it does not give up")
      return errors.fail "conflict"
    end
    local version, err = write(rig, { token_set = rig:tokens "ours" })
    assert.are.same({ code = "conflict" }, { version = version, code = err.code })
    assert.is_true(rig.keeper:is_store_up())
  end)

  it("passes on what the store says, and has the keeper note it", function()
    local rig = one_account.new()
    rig:break_store "commit"
    local version, err = write(rig, { token_set = rig:tokens "ours" })
    assert.are.same({ code = "store_failed" }, { version = version, code = err.code })
    assert.is_false(rig.keeper:is_store_up())
  end)
end)

describe("retiring a refresh token", function()
  local cases = {
    { "marks it where there is no other", nil, "ra", true },
    { "puts the alternate's in its place", "b", "rb", false },
    { "marks it where the alternate has the same", "a", "ra", true },
  }
  for _, case in ipairs(cases) do
    it(case[1] .. ", and leaves the access token", function()
      local rig = one_account.new()
      rig:hold(rig:tokens "a", case[2] and rig:tokens(case[2]))
      assert.is_true((commit.retire_refresh(rig.keeper, rig.account)))
      local tokens = rig:record().token_set
      assert.are.same(
        { "a", case[3], case[4] and rig.clock:wall() },
        { tokens.access_token, tokens.refresh_token, tokens.refresh_spent_at or false }
      )
    end)
  end

  it("is known to this process where the store cannot be told", function()
    local rig = one_account.new()
    rig:hold(rig:tokens "a")
    rig:break_store "commit"
    local ok, err = commit.retire_refresh(rig.keeper, rig.account)
    assert.is_falsy(ok)
    assert.are.equal("store_failed", err.code)
    assert.are.equal(rig.clock:wall(), rig.account.record.token_set.refresh_spent_at)
    assert.is_nil(rig:record().token_set.refresh_spent_at)
  end)
end)
