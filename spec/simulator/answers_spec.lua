-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local answers = require "usher.simulator.answers"
local json = require "usher.json"

describe("answers", function()
  it("wrap data in the envelope", function()
    local response = answers.success { accessToken = "a" }
    assert.are.equal(200, response.status)
    assert.are.same(
      { code = "0000", msg = "success", data = { accessToken = "a" }, success = true, failed = false },
      json.decode(response.body)
    )
  end)

  it("refuse with HTTP 200", function()
    local response = answers.refusal "0429"
    assert.are.equal(200, response.status)
    assert.are.same(
      { code = "0429", msg = "Request has exceeded the limit.", success = false, failed = true },
      json.decode(response.body)
    )
    assert.matches('"data":null', response.body, 1, true)
  end)

  it("speak as Spring for what never reaches the application", function()
    local response = answers.infrastructure(404, "/x", 0.5, "r-1")
    assert.are.equal(404, response.status)
    assert.are.same({
      timestamp = "1970-01-01T00:00:00.000+00:00",
      path = "/x",
      status = 404,
      error = "Not Found",
      requestId = "r-1",
    }, json.decode(response.body))
  end)
end)
