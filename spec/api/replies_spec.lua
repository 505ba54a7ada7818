-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local errors = require "usher.errors"
local json = require "usher.json"
local replies = require "usher.api.replies"

describe("api replies", function()
  it("are JSON that no cache keeps", function()
    local response = replies.json(200, { a = 1 })
    assert.are.equal("application/json", response.headers["Content-Type"])
    assert.are.equal("no-store", response.headers["Cache-Control"])
    assert.are.same({ a = 1 }, json.decode(response.body))
  end)

  for code, status in pairs {
    bad_request = 400,
    unauthorized = 401,
    forbidden = 403,
    not_found = 404,
    unknown_account = 404,
    method_not_allowed = 405,
    misdirected = 421,
    awaiting_credential = 503,
    reauthorization_required = 503,
    budget_exhausted = 503,
    temporarily_unavailable = 503,
  } do
    it(("say %s with %d"):format(code, status), function()
      local response = replies.failure(errors.new(code, "words"))
      assert.are.equal(status, response.status)
      assert.are.same({ error = code, error_description = "words" }, json.decode(response.body))
      assert.are.equal(status == 503, response.headers["Retry-After"] ~= nil)
    end)
  end

  it("say every other failure as temporary", function()
    local response = replies.failure(errors.new "store_failed")
    assert.are.equal(503, response.status)
    assert.are.equal("temporarily_unavailable", json.decode(response.body).error)
  end)

  for seconds, expected in pairs { [0] = "1", [0.2] = "1", [7] = "7", [61.5] = "62" } do
    it(("rounds %s s to Retry-After: %s"):format(seconds, expected), function()
      local err = errors.new("budget_exhausted", nil, { retry_after = seconds })
      assert.are.equal(expected, replies.failure(err).headers["Retry-After"])
    end)
  end

  it("have a body for what a listener answers by itself", function()
    for status, code in pairs {
      [400] = "bad_request",
      [408] = "request_timeout",
      [413] = "body_too_large",
      [414] = "uri_too_long",
      [431] = "headers_too_large",
      [500] = "internal",
      [503] = "temporarily_unavailable",
      [599] = "internal",
    } do
      local body, content_type = replies.body(status)
      assert.are.equal(code, json.decode(body).error)
      assert.are.equal("application/json", content_type)
    end
  end)
end)
