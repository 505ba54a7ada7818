-- SPDX-License-Identifier: MIT
-- Rule 7: what was received is kept: pushes, and token sets even where somebody else was faster.
require "spec.support.paths"
local errors = require "usher.errors"
local json = require "usher.json"
local keeper_rig = require "spec.support.keeper_rig"

local faults = keeper_rig.faults

local function tokens(name, rig)
  local now = math.floor(rig.clock:wall())
  return {
    access_token = name .. "-access",
    token_type = "Bearer",
    issued_at = now,
    expires_at = now + 7200,
    refresh_token = name .. "-refresh",
    refresh_issued_at = now,
    refresh_expires_at = now + 5000000,
  }
end

-- Somebody else commits while our refresh is under way; our answer brings a rotated refresh token.
local function overtaken(rig)
  rig:fail_next("refresh", function()
    local record = rig:record()
    local theirs =
      { epoch = record.epoch, token_set = tokens("theirs", rig), now = record.token_set.issued_at }
    assert(rig.store:commit("acme", theirs, record.version))
    local data = { accessToken = "ours-access", expiresIn = 7200, refreshToken = "ours-refresh" }
    return { status = 200, headers = {}, body = json.encode { code = "0000", data = data } }
  end)
  rig:advance(5900)
end

local function last_refresh_token(rig)
  return json.decode(rig.requests[#rig.requests].body).refreshToken
end

describe("rule 7: nothing received is thrown away", function()
  it("keeps a push that comes during an attempt, without touching the token set's version", function()
    local rig = keeper_rig.ready()
    local version = rig:record().version
    rig:push()
    rig:push()
    assert.are.equal(version, rig:record().version)
    assert.are.equal(2, #rig:record().pushes)
    rig:stop()
  end)

  it("keeps ours as the alternate where another token set was stored first", function()
    local rig = keeper_rig.ready()
    overtaken(rig)
    local record = rig:record()
    assert.are.same(
      { "theirs-access", "ours-refresh" },
      { record.token_set.access_token, record.alternate.refresh_token }
    )
    assert.are.equal("theirs-access", rig:token().access_token)
    rig:stop()
  end)

  it("tries the alternate once the first refresh token is refused", function()
    local rig = keeper_rig.ready()
    overtaken(rig)
    rig:fail_next("refresh", faults.envelope "0401")
    rig:advance(6000)
    assert.are.equal("ours-refresh", last_refresh_token(rig))
    assert.are.same({ 1, 3 }, { rig:count "exchange", rig:count "refresh" })
    assert.is_nil(rig:record().alternate)
    rig:stop()
  end)

  it("drops a result only where the account was removed meanwhile", function()
    local rig = keeper_rig.ready()
    rig:fail_next("refresh", function(_, request)
      assert(rig.store:remove "acme")
      return rig.simulator:perform(request)
    end)
    rig:advance(5900)
    assert.is_nil(rig:record().token_set)
    assert.is_nil((rig:token()))
    rig:stop()
  end)

  it("serves nobody from a rotated token set that is not on disk, and keeps it until it is", function()
    local rig = keeper_rig.ready()
    local first = rig:token()
    local commit = rig.store.commit
    rig.store.commit = function()
      return errors.fail "no_space"
    end
    rig:fail_next("refresh", function()
      local data = { accessToken = "rotated-access", expiresIn = 7200, refreshToken = "rotated-refresh" }
      return { status = 200, headers = {}, body = json.encode { code = "0000", data = data } }
    end)
    rig:advance(5900)
    assert.are.equal(first.access_token, rig:token().access_token)
    assert.is_false(rig.keeper:is_store_up())
    assert.are.equal(1, rig:count "refresh")
    rig.store.commit = commit
    rig:advance(61)
    assert.are.equal("rotated-access", rig:token().access_token)
    assert.are.equal("rotated-refresh", rig:record().token_set.refresh_token)
    assert.is_true(rig.keeper:is_store_up())
    assert.are.equal(1, rig:count "refresh")
    rig:stop()
  end)

  it("never overwrites a refresh token with nothing", function()
    local rig = keeper_rig.ready()
    local refresh_token = rig:record().token_set.refresh_token
    rig:advance(3 * 7200)
    assert.are.equal(refresh_token, rig:record().token_set.refresh_token)
    rig:stop()
  end)
end)
