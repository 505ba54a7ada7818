-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local replies = require "usher.callback.replies"

describe("callback replies", function()
  it("answers ok and keeps the connection", function()
    assert.are.same({
      status = 200,
      headers = { ["Content-Type"] = "text/plain; charset=utf-8" },
      body = "ok",
      close = false,
    }, replies.of(200))
  end)

  it("says ok with another status of success too", function()
    assert.are.equal("ok", replies.of(202).body)
  end)

  it("sends 204 without a body", function()
    assert.are.same({ status = 204, headers = {}, close = false }, replies.of(204))
  end)

  it("closes the connection after a refusal", function()
    assert.is_true(replies.of(404).close)
  end)

  it("adds headers", function()
    assert.are.equal("GET, POST", replies.of(405, { Allow = "GET, POST" }).headers.Allow)
  end)

  it("has a short body for every status that the listener may answer by itself", function()
    for _, status in ipairs { 400, 408, 413, 414, 431, 500, 501, 503, 505 } do
      local body, content_type = replies.body(status)
      assert.is_true(#body > 0 and #body < 40 and body ~= "error", status)
      assert.matches("^text/plain", content_type)
    end
  end)
end)
