-- SPDX-License-Identifier: MIT
-- OAuth 2.0 against npm's oauth2-mock-server, whose hooks make its answers and redirects go wrong.

require "spec.support.paths"
local json = require "usher.json"
local oauth_peer = require "spec.support.oauth_peer"

local peer

local function open(...)
  peer = oauth_peer.open({ ... }, "mock_server.mjs")
  finally(function()
    peer.world:close()
  end)
end

local function document_of(name)
  local _, _, document = peer.world:ask("/v1/accounts/" .. name)
  return document
end

local function error_of(name)
  local last = document_of(name).last_error
  return last and last.class, last and last.code
end

-- status and body of an answer, then class and code of the failure
local REFRESH_FAULTS = {
  { 400, { error = "invalid_client" }, "configuration", "invalid_client" },
  { 400, { error = "invalid_scope" }, "configuration", "invalid_scope" },
  { 429, { error = "too_many" }, "budget", "http_429" },
  { 503, { error = "temporarily_unavailable" }, "retryable", "http_503" },
  { 500, "a page of the infrastructure", "retryable", "http_500" },
  { 403, "a page of the infrastructure", "retryable", "http_403" },
  { 200, json.array {}, "retryable", "http_200" },
  { 200, { access_token = "", token_type = "Bearer" }, "retryable", "bad_response" },
  { 200, { access_token = "a", expires_in = "soon" }, "retryable", "bad_response" },
  { 302, { access_token = "a" }, "retryable", "http_302" },
}

describe("a refresh that goes wrong", function()
  it(
    "leaves the token that is still valid, says by its class what is wrong, and may be made again",
    function()
      open "code"
      assert.are.equal(0, (peer:authorize "code"))
      for _, case in ipairs(REFRESH_FAULTS) do
        local _, token = peer:token "code"
        peer:fail { status = case[1], body = case[2] }
        assert.are.equal(75, (peer.world:usher("refresh", "code")))
        assert.are.same({ case[3], case[4] }, { error_of "code" })
        assert.are.equal(token.access_token, select(2, peer:token "code").access_token)
        assert.are.equal(0, (peer.world:usher("refresh", "code")))
        assert.is_nil((error_of "code"))
      end
    end
  )

  it("ends the refresh token where the provider says so, and nothing else does", function()
    open "code"
    peer:authorize "code"
    local _, token = peer:token "code"
    peer:fail { status = 400, body = { error = "invalid_grant" } }
    assert.are.equal(75, (peer.world:usher("refresh", "code")))
    assert.are.same({ "refresh_token", "invalid_grant" }, { error_of "code" })
    assert.are.equal("reauthorization_required", document_of("code").status)
    assert.are.equal(token.access_token, select(2, peer:token "code").access_token)
    assert.are.equal(0, (peer:authorize "code"))
    assert.are.equal("ready", document_of("code").status)
  end)
end)

describe("an authorization that goes wrong", function()
  it("fails where the code is refused, and may be begun again", function()
    open "code"
    peer:fail({}, { status = 400, body = { error = "invalid_grant" } })
    local status, _, _, err = peer:authorize "code"
    assert.are.same(
      { 77, "usher: not authorized: the provider did not give a token: invalid_grant\n" },
      { status, err }
    )
    assert.are.equal(0, (peer:authorize "code"))
  end)

  it("fails where the redirect names another issuer", function()
    open "code"
    peer:fail { redirect = { iss = "http://127.0.0.1:1" } }
    local status, _, shown = peer:authorize "code"
    assert.are.same({ 77, "forbidden" }, { status, shown })
  end)

  it("fails where the redirect holds no code", function()
    open "code"
    peer:fail { redirect = { code = json.null } }
    local status, _, shown = peer:authorize "code"
    assert.are.same({ 77, "bad request" }, { status, shown })
  end)

  for _, state in ipairs { "of-another-authorization", json.null } do
    it("goes on where a redirect comes that is not its own: " .. tostring(state), function()
      open "code"
      peer:fail { redirect = { state = state } }
      local command = peer:begin("authorize", "code")
      local url = peer:await_url(command)
      local shown = peer:browse(url)
      assert.are.equal(state == json.null and "bad request" or "forbidden", shown)
      peer:browse(url)
      assert.are.equal(0, command:wait())
    end)
  end
end)

describe("a revocation that goes wrong", function()
  it("keeps the tokens", function()
    open "code"
    peer:authorize "code"
    local _, token = peer:token "code"
    peer:fail { status = 503 }
    assert.are.equal(75, (peer.world:usher("revoke", "code")))
    assert.are.equal(token.access_token, select(2, peer:token "code").access_token)
    assert.are.equal(0, (peer.world:usher("revoke", "code")))
    assert.are.equal(503, (peer:token "code"))
  end)
end)
