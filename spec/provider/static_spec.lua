-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local interface = require "usher.provider.interface"
local static = require "usher.provider.static"

local function response(body)
  return { status = 200, headers = {}, body = body }
end

describe("static", function()
  it("is a provider script to which nothing is pushed", function()
    assert.is_true((interface.check(static)))
    assert.is_false(static.account_key {})
    assert.is_nil(static.request_key { query = "state=1" })
    assert.are.equal("forbidden", select(2, static.read_callback()).code)
    assert.is_nil(static.refresh())
  end)

  it("asks for its file, and watches it", function()
    local config = { file = "/etc/usher/key" }
    assert.are.same({ file = "/etc/usher/key" }, static.exchange(config))
    assert.are.equal("/etc/usher/key", static.watches(config))
    assert.are.equal("/etc/usher/key", static.own_credential(config))
  end)

  it("takes the one line of the file for the token", function()
    for _, text in ipairs { "sk-1", "sk-1\n", "sk-1\r\n", "  sk-1 \n\n" } do
      assert.are.equal("ok", (static.classify(response(text))))
      assert.are.equal("sk-1", static.read_tokens(response(text), {}).access_token)
    end
    assert.are.equal("ApiKey", static.read_tokens(response "k", { token_type = "ApiKey" }).token_type)
  end)

  it("takes nothing else for one", function()
    for _, text in ipairs { "", "\n", "sk-1 sk-2", "sk-1\nsk-2\n", "s\0k", "\u{e9}" } do
      assert.are.equal("retryable", (static.classify(response(text))))
    end
  end)
end)
