-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local errors = require "usher.errors"
local outcome = require "usher.keeper.outcome"

local WALL = 1800000000

local function account(classify, read_tokens)
  return {
    config = {},
    provider = {
      classify = classify,
      read_tokens = read_tokens or function()
        return { access_token = "a" }
      end,
    },
  }
end

local function saying(...)
  local results = table.pack(...)
  return function()
    return table.unpack(results, 1, results.n)
  end
end

local function response(status, headers)
  return { status = status, headers = headers or {}, body = "" }
end

describe("outcome of a transfer that failed", function()
  local cases = {
    {
      "resolve_failed",
      false,
      { class = "retryable", error = "resolve_failed", is_certain = true, is_unsent = true },
    },
    { "bad_url", false, { class = "configuration", error = "bad_url", is_certain = true, is_unsent = true } },
    { "timeout", true, { class = "retryable", error = "timeout", is_certain = false } },
    { "connection_lost", true, { class = "retryable", error = "connection_lost", is_certain = false } },
    { "internal", nil, { class = "retryable", error = "internal", is_certain = false } },
  }
  for _, case in ipairs(cases) do
    it(("with %s, sent: %s"):format(case[1], case[2]), function()
      local err = errors.new(case[1], nil, { sent = case[2] })
      assert.are.same(case[3], outcome.of(account(), "refresh", nil, err, WALL))
    end)
  end
end)

describe("outcome of a response", function()
  local cases = {
    -- what classify says, kind, status, class, error, certain
    { { "retryable" }, "refresh", 503, "retryable", "http_503", true },
    { { "retryable", "0001" }, "refresh", 200, "retryable", "0001", false },
    { { "retryable" }, "exchange", 302, "retryable", "http_302", true },
    { { "budget", "0429" }, "refresh", 200, "budget", "0429", true },
    { { "configuration" }, "refresh", 200, "configuration", "http_200", true },
    { { "credential", "0401" }, "exchange", 200, "credential", "0401", true },
    { { "refresh_token" }, "exchange", 400, "credential", "http_400", true },
    { { "credential" }, "refresh", 400, "refresh_token", "http_400", true },
  }
  for _, case in ipairs(cases) do
    it(("that is %s to a %s with HTTP %d"):format(case[1][1], case[2], case[3]), function()
      local result = outcome.of(account(saying(table.unpack(case[1]))), case[2], response(case[3]), nil, WALL)
      assert.are.same({ class = case[4], error = case[5], is_certain = case[6] }, result)
    end)
  end

  it("carries the tokens of a success", function()
    local result = outcome.of(account(saying "ok"), "refresh", response(200), nil, WALL)
    assert.are.same({ class = "ok", is_certain = true, answer = { access_token = "a" } }, result)
  end)

  it("is unknown where a success cannot be read", function()
    local unreadable = account(saying "ok", function()
      return errors.fail "bad_response"
    end)
    local result = outcome.of(unreadable, "refresh", response(200), nil, WALL)
    assert.are.same({ class = "retryable", error = "bad_response", is_certain = false }, result)
  end)

  it("carries Retry-After", function()
    local result =
      outcome.of(account(saying "budget"), "refresh", response(429, { ["retry-after"] = "90" }), nil, WALL)
    assert.are.equal(90, result.retry_after)
  end)

  local faults = {
    ["classify raises"] = account(error),
    ["classify gives no class"] = account(saying "maybe"),
    ["classify gives nothing"] = account(saying(nil)),
    ["read_tokens raises"] = account(saying "ok", error),
  }
  for name, broken in pairs(faults) do
    it("is the script's fault where " .. name, function()
      local result = outcome.of(broken, "refresh", response(200), nil, WALL)
      assert.are.same(
        { "configuration", "script_failed", false },
        { result.class, result.error, result.is_certain }
      )
    end)
  end
end)
