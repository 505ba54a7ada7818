-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local json = require "usher.json"
local json_request = require "usher.model.json_request"

describe("json_request", function()
  it("posts an object, and reveals the secrets in it", function()
    local fields = { id = "app-1", secret = core.secret.new "s3cret", count = 2 }
    local request = json_request.post("https://api.example//", "/v1/token", fields)
    assert.are.equal("POST", request.method)
    assert.are.equal("https://api.example/v1/token", request.url)
    assert.are.equal("application/json", request.headers["Content-Type"])
    assert.are.same({ id = "app-1", secret = "s3cret", count = 2 }, json.decode(request.body))
    assert.are.equal("userdata", type(fields.secret))
  end)

  it("keeps what is in the URL apart from it", function()
    local request = json_request.post("https://api.example", "/v1/token", {}, { access_token = "a&b=c#d /%" })
    assert.are.equal("https://api.example/v1/token?access_token=a%26b%3Dc%23d%20%2F%25", request.url)
  end)

  it("reads objects, and nothing else", function()
    assert.are.same({ code = 0 }, json_request.object '{"code": 0}')
    for _, text in ipairs { "", "null", "1", '"text"', "<html>", '{"code":' } do
      assert.is_nil(json_request.object(text))
    end
  end)

  it("reads a number with another status too, and never a success", function()
    local function classes_at(status, refusal)
      local classify, found = json_request.classifier("code", { credential = { 7 } }, refusal), {}
      for index, body in ipairs { '{"code":0}', "{}", '{"code":7}', '{"code":8}', "<html>" } do
        found[index] = classify { status = status, body = body }
      end
      return found
    end
    assert.are.same({ "ok", "ok", "credential", "retryable", "retryable" }, classes_at(200, 400))
    assert.are.same(
      { "retryable", "retryable", "credential", "retryable", "retryable" },
      classes_at(400, 400)
    )
    assert.are.same({ "retryable", "retryable", "retryable", "retryable", "retryable" }, classes_at(400))
    assert.are.same({ "budget", "budget", "budget", "budget", "budget" }, classes_at(429, 400))
  end)
end)
