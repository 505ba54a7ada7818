-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local json = require "usher.json"
local one_account = require "spec.support.one_account"
local planner = require "usher.keeper.planner"

local function new_rig(revoke)
  local rig = one_account.new {
    provider = {
      revoke = revoke or function(_, tokens)
        local requests = {}
        for index, token in ipairs { tokens.refresh_token, tokens.access_token } do
          requests[index] = { method = "POST", url = "https://as/revoke", body = token }
        end
        return requests
      end,
    },
  }
  rig.respond = function()
    return { status = 200, headers = {}, class = "ok" }
  end
  return rig
end

local function revoke(rig)
  local box = rig:run(rig.keeper.revoke, rig.keeper, "acme")
  rig.keeper:stop()
  assert(box.is_done)
  return box.value, box.err and box.err.code
end

local function bodies(rig)
  local list = {}
  for index, request in ipairs(rig.requests) do
    list[index] = request.body
  end
  return table.concat(list, " ")
end

describe("revocation", function()
  it("revokes every token that is kept, and forgets them", function()
    local rig = new_rig()
    rig:hold(rig:tokens "a", rig:tokens "b")
    assert.is_true(revoke(rig))
    local list = {}
    for token in bodies(rig):gmatch "%S+" do
      table.insert(list, token)
    end
    table.sort(list)
    assert.are.equal("a b ra rb", table.concat(list, " "))
    assert.are.equal(10000, rig.requests[1].timeout_ms)
    assert.is_nil(rig:record().token_set)
    assert.is_nil(rig:served())
    assert.are.equal(json.null, rig.keeper:document("acme").token)
  end)

  it("revokes what is not on disk yet, and saves it no more", function()
    local rig = new_rig()
    rig:hold(rig:tokens "a")
    rig.account.unsaved = { change = { token_set = rig:tokens "b" }, retry_at = rig.clock:boot() + 60 }
    assert.is_true(revoke(rig))
    assert.matches("rb b", bodies(rig), 1, true)
    assert.is_nil(rig.account.unsaved)
  end)

  it("has nothing to ask for where there is no token", function()
    local rig = new_rig()
    assert.is_true(revoke(rig))
    assert.are.equal(0, #rig.requests)
  end)

  it("keeps what the provider did not revoke", function()
    local rig = new_rig()
    rig:hold(rig:tokens "a")
    rig.respond = function()
      return { status = 503, headers = {}, class = "retryable" }
    end
    assert.are.same({ nil, "temporarily_unavailable" }, { revoke(rig) })
    assert.are.equal("a", rig:served())
    assert.are.equal("http_503", rig:logged("revocation_failed")[1].error)
  end)

  it("says that the client is refused", function()
    local rig = new_rig()
    rig:hold(rig:tokens "a")
    rig.respond = function()
      return { status = 401, headers = {}, class = "configuration", code = "invalid_client" }
    end
    assert.are.same({ nil, "bad_configuration" }, { revoke(rig) })
  end)

  -- The first request of this script is for the refresh token, the second, which is optional, for the access token.
  local function new_optional(refused)
    local rig = new_rig(function(_, tokens)
      return {
        { method = "POST", url = "https://as/revoke", body = tokens.refresh_token },
        { method = "POST", url = "https://as/revoke", body = tokens.access_token, optional = true },
      }
    end)
    rig:hold(rig:tokens "a")
    rig.respond = function(request)
      local is_refused = request.body == refused.body
      return { status = is_refused and 400 or 200, headers = {}, class = is_refused and refused.class or "ok" }
    end
    return rig
  end

  it("does without what the provider cannot revoke, where that is optional", function()
    local rig = new_optional { body = "a", class = "configuration" }
    assert.is_true(revoke(rig))
    assert.is_nil(rig:served())
  end)

  it("keeps what may yet be revoked, or must be", function()
    for _, refused in ipairs { { body = "a", class = "retryable" }, { body = "ra", class = "configuration" } } do
      local rig = new_optional(refused)
      assert.is_nil((revoke(rig)))
      assert.are.equal("a", rig:served())
    end
  end)

  it("is not to be had from every provider", function()
    local rig = one_account.new()
    assert.are.same({ nil, "not_implemented" }, { revoke(rig) })
    rig = new_rig(function() end)
    rig:hold(rig:tokens "a")
    assert.are.same({ nil, "not_implemented" }, { revoke(rig) })
    assert.are.equal("a", rig:served())
  end)

  it("waits for the attempt under way, and revokes what it brought", function()
    local rig = new_rig()
    rig:hold(rig:tokens "a")
    rig.respond = function(request)
      if request.url:find "refresh" then
        rig.clock:sleep(1)
        return one_account.success "b"
      end
      return { status = 200, headers = {}, class = "ok" }
    end
    planner.consider(rig.keeper, rig.account)
    local refreshed = rig:run(rig.keeper.refresh, rig.keeper, "acme")
    local box = rig:run(rig.keeper.revoke, rig.keeper, "acme")
    assert.is_nil(box.is_done)
    rig.clock:advance(2)
    assert.is_true(refreshed.is_done and box.value)
    assert.are.equal("ra rb b", bodies(rig))
    rig.keeper:stop()
  end)
end)
