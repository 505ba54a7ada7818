-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local answers = require "usher.provider.oauth2.answers"
local json = require "usher.json"

local function response(status, body)
  return { status = status, headers = {}, body = type(body) == "table" and json.encode(body) or body or "" }
end

-- status, body, class of an exchange, a refresh, a poll and a revocation.
local TOKENS = { access_token = "a", token_type = "Bearer" }
local CASES = {
  { 200, TOKENS, "ok", "ok", "ok", "ok" },
  { 200, "", "retryable", "retryable", "retryable", "ok" },
  { 200, "<html>", "retryable", "retryable", "retryable", "ok" },
  { 200, { token_type = "Bearer" }, "retryable", "retryable", "retryable", "ok" },
  { 400, { error = "invalid_grant" }, "credential", "refresh_token", "credential", "retryable" },
  { 401, { error = "invalid_client" }, "configuration", "configuration", "configuration", "configuration" },
  {
    400,
    { error = "unauthorized_client" },
    "configuration",
    "configuration",
    "configuration",
    "configuration",
  },
  { 400, { error = "invalid_scope" }, "configuration", "configuration", "configuration", "configuration" },
  { 400, { error = "invalid_request" }, "configuration", "configuration", "configuration", "configuration" },
  {
    400,
    { error = "unsupported_grant_type" },
    "configuration",
    "configuration",
    "configuration",
    "configuration",
  },
  {
    400,
    { error = "unsupported_token_type" },
    "configuration",
    "configuration",
    "configuration",
    "configuration",
  },
  { 400, { error = "invalid_target" }, "configuration", "configuration", "configuration", "configuration" },
  { 400, { error = "authorization_pending" }, "pending", "pending", "pending", "pending" },
  { 400, { error = "slow_down" }, "slow_down", "slow_down", "slow_down", "slow_down" },
  { 400, { error = "access_denied" }, "credential", "credential", "credential", "credential" },
  { 400, { error = "expired_token" }, "credential", "credential", "credential", "credential" },
  { 400, { error = "of_its_own" }, "retryable", "retryable", "retryable", "retryable" },
  { 400, { error = { code = 1 } }, "retryable", "retryable", "retryable", "retryable" },
  { 400, "<html>", "retryable", "retryable", "retryable", "retryable" },
  { 401, "", "retryable", "retryable", "retryable", "retryable" },
  { 403, "blocked", "retryable", "retryable", "retryable", "retryable" },
  { 429, { error = "invalid_grant" }, "budget", "budget", "budget", "budget" },
  { 500, { error = "invalid_grant" }, "retryable", "retryable", "retryable", "retryable" },
  { 503, { error = "temporarily_unavailable" }, "retryable", "retryable", "retryable", "retryable" },
  { 302, TOKENS, "retryable", "retryable", "retryable", "retryable" },
}

describe("answers", function()
  for index, case in ipairs(CASES) do
    it(("of case %d have their class"):format(index), function()
      local classes = {}
      for place, kind in ipairs { "exchange", "refresh", "poll", "revoke" } do
        classes[place] = answers.classify(response(case[1], case[2]), kind, {})
      end
      assert.are.same({ table.unpack(case, 3) }, classes)
    end)
  end

  it("name the provider's code, where it can be shown", function()
    local function code_of(code)
      return select(2, answers.classify(response(400, { error = code }), "refresh", {}))
    end
    assert.are.equal("invalid_grant", code_of "invalid_grant")
    assert.is_nil(code_of "two\nlines")
    assert.are.equal(64, #code_of(("a"):rep(100)))
  end)

  local own = {
    { "github", "exchange", 200, "bad_verification_code", "credential" },
    { "github", "refresh", 200, "bad_refresh_token", "refresh_token" },
    { "github", "exchange", 200, "incorrect_client_credentials", "configuration" },
    { "github", "poll", 200, "authorization_pending", "pending" },
    { "slack", "exchange", 200, "invalid_code", "credential" },
    { "slack", "refresh", 200, "invalid_refresh_token", "refresh_token" },
    { "slack", "refresh", 200, "ratelimited", "budget" },
    { "microsoft", "poll", 400, "authorization_declined", "credential" },
    { "microsoft", "refresh", 400, "interaction_required", "refresh_token" },
    { "google", "poll", 428, "authorization_pending", "pending" },
    { "google", "poll", 403, "slow_down", "slow_down" },
  }
  for _, case in ipairs(own) do
    it(("of %s: %s is %s"):format(case[1], case[4], case[5]), function()
      local answer = response(case[3], { ok = false, error = case[4] })
      assert.are.equal(case[5], answers.classify(answer, case[2], { service = case[1] }))
    end)
  end
end)

describe("tokens of an answer", function()
  local function read(body, config)
    return answers.read_tokens(response(200, body), config or {})
  end

  it("are those of RFC 6749, 5.1", function()
    local answer = read {
      access_token = "a",
      token_type = "Bearer",
      expires_in = 3600,
      refresh_token = "r",
      scope = "read",
    }
    assert.are.same({
      access_token = "a",
      token_type = "Bearer",
      expires_in = 3600,
      refresh_token = "r",
      notes = {},
    }, answer)
  end)

  it("may do without lifetime and refresh token", function()
    assert.are.same({ access_token = "a", notes = {} }, read { access_token = "a", refresh_token = "" })
  end)

  it("have the lifetime of the refresh token where it is told", function()
    assert.are.equal(86400, read({ access_token = "a", refresh_token_expires_in = 86400 }).refresh_expires_in)
    assert.are.equal(1800, read({ access_token = "a", refresh_expires_in = "1800" }).refresh_expires_in)
  end)

  it("have what is odd about a service", function()
    local slack = read({ access_token = "a", token_type = "bot" }, { service = "slack" })
    assert.are.same({ "Bearer", 365 * 24 * 3600 }, { slack.token_type, slack.expires_in })
    local github = read({ access_token = "a", expires_in = 28800 }, { service = "github" })
    assert.are.equal(28800, github.expires_in)
  end)

  for _, body in ipairs {
    {},
    { access_token = 5 },
    { access_token = "" },
    { access_token = "a", expires_in = "soon" },
  } do
    it("are not those of " .. json.encode(body), function()
      local answer, err = read(body)
      assert.is_nil(answer)
      assert.are.equal("bad_response", err.code)
    end)
  end
end)

describe("answers that fail", function()
  for _, case in ipairs {
    { 400, { error = "invalid_client" }, "bad_configuration", "the provider answered invalid_client" },
    { 503, "", "temporarily_unavailable", "the provider answered with status 503" },
    { 429, "", "temporarily_unavailable", "the provider answered with status 429" },
  } do
    it(("with %d are %s"):format(case[1], case[3]), function()
      local _, err = answers.fail(response(case[1], case[2]), {})
      assert.are.same({ case[3], case[4] }, { err.code, err.message })
    end)
  end
end)
