-- SPDX-License-Identifier: MIT
-- OAuth 2.0 against npm's oidc-provider: both are programs of their own, and a person's browser is curl.

require "spec.support.paths"
local oauth_peer = require "spec.support.oauth_peer"
local process = require "spec.support.process"
local torture = require "spec.support.torture"

local peer

local function open(...)
  peer = oauth_peer.open { ... }
  finally(function()
    peer.world:close()
  end)
end

local function status_of(name)
  local _, _, document = peer.world:ask("/v1/accounts/" .. name)
  return document.status, document.needs
end

local function await_token(name)
  return process.await("a token of " .. name, function()
    local status, answer = peer:token(name, "?wait=0")
    return status == 200 and answer
  end)
end

local function restart()
  peer.gateway:signal "KILL"
  peer.gateway:wait()
  peer.gateway = peer.world:start_gateway()
end

-- How often each refresh token was sent. A replayed one is noted twice: the refusal, and what it led to.
local function uses_of_refresh_tokens()
  local uses = {}
  for _, entry in ipairs(peer:ledger()) do
    if entry.grant == "refresh_token" and entry.outcome ~= "family_revoked" then
      uses[entry.refresh_token] = (uses[entry.refresh_token] or 0) + 1
    end
  end
  return uses
end

describe("the authorization code grant", function()
  it("brings a token by a person's browser, with PKCE, and says how it ended", function()
    open("code", "code_basic")
    assert.are.same(
      { "reauthorization_required", "authorize at the provider: usher authorize code" },
      { status_of "code" }
    )
    local status, out, shown = peer:authorize "code"
    assert.are.equal(0, status)
    assert.matches(
      "^Open this page, and allow access:\n\n    http://127.0.0.1:%d+/auth%?.*\n\nauthorized\n$",
      out
    )
    assert.are.equal("Thank you: access was granted. You may close this page.\n", shown)
    assert.are.equal(0, (peer:authorize "code_basic"))
    assert.are_not.equal(await_token("code").access_token, await_token("code_basic").access_token)
    assert.are.equal("ready", (status_of "code"))
    assert.are.same({}, peer:ledger "refused")
  end)

  it("sends the browser back to a port that was free when the command began (RFC 8252)", function()
    open "code"
    local status, out, shown = peer:authorize("code", nil, "--loopback")
    assert.are.equal(0, status)
    local port = out:match "redirect_uri=http%%3A%%2F%%2F127%.0%.0%.1%%3A(%d+)%%2Fcallback"
    assert.are_not.equal(peer.world:callback_url():match ":(%d+)/", port)
    assert.are.equal("Thank you: access was granted. You may close this page.\n", shown)
    assert.are.equal("ready", (status_of "code"))
    local declined, _, page = peer:authorize("code", "decline", "--loopback")
    assert.are.same({ 77, "Access was not granted. You may close this page.\n" }, { declined, page })
  end)

  it("takes a redirect once, and only one that it waits for", function()
    open "code"
    local command = peer:begin("authorize", "code")
    local url = peer:await_url(command)
    local forged = peer.world:callback_url() .. "?code=c&state=" .. ("x"):rep(43)
    assert.are.equal(403, (peer.world.curl(forged)))
    local _, at = peer:browse(url)
    assert.are.equal(0, command:wait())
    assert.are.equal(403, (peer.world.curl(at)))
    assert.are.equal(1, #peer:ledger "grant")
  end)

  it("refuses a redirect of another issuer, and ends the authorization", function()
    open "code"
    local command = peer:begin("authorize", "code")
    local state = process.await("a URL", function()
      return command:output():match "[?&]state=([%w_-]+)"
    end)
    local mixed_up = peer.world:callback_url() .. "?code=c&iss=https%3A%2F%2Fevil.example&state=" .. state
    assert.are.equal(403, (peer.world.curl(mixed_up)))
    assert.are.equal(77, command:wait())
    assert.are.same({}, peer:ledger())
  end)

  it("says that the person declined", function()
    open "code"
    local status, _, shown, err = peer:authorize("code", "decline")
    assert.are.equal(77, status)
    assert.are.equal("usher: not authorized: the provider says: access_denied\n", err)
    assert.are.equal("Access was not granted. You may close this page.\n", shown)
  end)

  it("leaves no secret in the log", function()
    open "code"
    local _, out = peer:authorize "code"
    local _, log = peer.gateway:output()
    for _, secret in ipairs { out:match "state=([%w_-]+)", await_token("code").access_token } do
      assert.is_nil(log:find(secret, 1, true))
    end
    assert.is_nil(log:find "code_verifier")
  end)
end)

describe("rotation", function()
  it("goes on through refreshes with kill -9 in between, each refresh token sent once", function()
    open "code"
    local rounds = torture.rounds(4, 100)
    peer:authorize "code"
    local seen = { [await_token("code").access_token] = true }
    for _ = 1, rounds do
      assert.are.equal(0, (peer.world:usher("refresh", "code")))
      local token = await_token("code").access_token
      assert.is_nil(seen[token])
      seen[token] = true
      restart()
      assert.are.equal(token, await_token("code").access_token)
    end
    local count = 0
    for _, uses in pairs(uses_of_refresh_tokens()) do
      assert.are.equal(1, uses)
      count = count + 1
    end
    assert.are.equal(rounds, count)
    assert.are.same({}, peer:ledger "refused")
  end)

  -- This provider takes a used refresh token for stolen: after such a kill only a person can help.
  it("sends a refresh token again only as the one retry after an unknown outcome", function()
    open "code"
    local retried = 0
    peer:authorize "code"
    for round = 1, torture.rounds(6, 100) do
      if status_of "code" == "reauthorization_required" then
        retried = retried + 1
        assert.are.equal(0, (peer:authorize "code"))
      end
      local refreshing = peer:begin("refresh", "code")
      peer.world.sleep((round % 6) * 0.01)
      restart()
      refreshing:wait()
      process.await("an end", function()
        local status = status_of "code"
        return status == "ready" or status == "reauthorization_required"
      end)
    end
    for _, uses in pairs(uses_of_refresh_tokens()) do
      assert.is_true(uses <= 2)
    end
    assert.is_true(#peer:ledger "refused" <= retried + 1)
  end)
end)

describe("client credentials", function()
  it("bring a token without anybody, by a secret or a key", function()
    open("machine", "machine_ES256", "machine_RS256")
    for _, name in ipairs { "machine", "machine_ES256", "machine_RS256" } do
      assert.is_true(#await_token(name).access_token > 20)
      assert.are.equal("ready", (status_of(name)))
    end
    local grants = peer:ledger "grant"
    assert.are.equal(3, #grants)
    for _, grant in ipairs(grants) do
      assert.are.equal("client_credentials", grant.grant)
      if grant.client == "machine" then
        assert.are.same({ "https://api.example", "read" }, { grant.resource, grant.scope })
      end
    end
    local before = await_token("machine_ES256").access_token
    assert.are.equal(0, (peer.world:usher("refresh", "machine_ES256")))
    assert.are_not.equal(before, await_token("machine_ES256").access_token)
    assert.are.same({}, peer:ledger "refused")
  end)
end)

describe("the device grant", function()
  -- Begins, and has the person decide.
  local function decide(suffix)
    local command = peer:begin("authorize", "device")
    local code = process.await("a code", function()
      return command:output():match "enter the code:  (%S+)\n"
    end)
    peer.world.curl(("%s/decide_device?user_code=%s%s"):format(peer.issuer, code, suffix))
    return command:wait(), command:output()
  end

  it("brings a token once the person has entered the code, or says that they declined", function()
    open "device"
    local status, _, err = decide "&decline=1"
    assert.are.same({ 77, "usher: not authorized: the provider refused: access_denied\n" }, { status, err })
    local out
    status, out = decide ""
    assert.are.equal(0, status)
    assert.matches("^Open this page, and allow access:\n\n    http://127.0.0.1:%d+/device\n", out)
    assert.is_true(#await_token("device").access_token > 20)
    assert.are.equal(0, (peer.world:usher("refresh", "device")))
  end)
end)

describe("a poll that comes too soon", function()
  it("makes the next one come five seconds later", function()
    open "device"
    local command = peer:begin("authorize", "device")
    local code = process.await("a code", function()
      return command:output():match "enter the code:  (%S+)\n"
    end)
    peer.world.curl(peer.issuer .. "/slow_down")
    process.await("a poll", function()
      return #peer:ledger "slowed_down" == 1
    end)
    peer.world.curl(("%s/decide_device?user_code=%s"):format(peer.issuer, code))
    assert.are.equal(0, command:wait())
    local waited = peer:ledger("grant")[1].at - peer:ledger("slowed_down")[1].at
    assert.is_true(waited >= 9900, waited)
  end)
end)

describe("revocation", function()
  it("makes the provider forget the tokens, and usher too", function()
    open "code"
    peer:authorize "code"
    assert.are.equal(0, (peer.world:usher("refresh", "code")))
    local status, out = peer.world:usher("revoke", "code")
    assert.are.same({ 0, "revoked\n" }, { status, out })
    assert.is_true(#peer:ledger "family_revoked" > 0)
    assert.are.same({}, peer:ledger "not_revoked")
    local answer
    status, answer = peer:token "code"
    assert.are.same({ 503, "reauthorization_required" }, { status, answer.error })
    assert.are.equal(0, (peer:authorize "code"))
    assert.are.equal("ready", (status_of "code"))
  end)
end)
