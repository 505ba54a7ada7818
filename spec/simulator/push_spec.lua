-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local memories_ai = require "usher.provider.memories_ai"
local push = require "usher.simulator.push"

local CLIENT_ID = "myx/DRvjN+osYha2DxNAuVlYVnpY26BU2pPJdCyVzJU="

local function request(options)
  local merged = {
    callback = "http://127.0.0.1:8080/callback",
    method = "GET",
    client_id = CLIENT_ID,
    client_id_encoding = "percent",
    api_key = "sk-spec",
  }
  for name, value in pairs(options) do
    merged[name] = value
  end
  return push.request(merged, "c-1_2")
end

local function client_id_of(options)
  return request(options).url:match "&clientId=(.-)&state="
end

describe("push", function()
  it("is code, clientId and state in the query", function()
    assert.are.same({
      method = "GET",
      url = "http://127.0.0.1:8080/callback?code=c-1_2&clientId=abc&state=4665d186dfc9f51ed63aeea917327681",
    }, request { client_id = "abc" })
  end)

  it("may be a POST", function()
    local posted = request { method = "POST" }
    assert.are.same({ "POST", "" }, { posted.method, posted.body })
  end)

  it("keeps the query that the callback URL has", function()
    assert.matches("^http://h/cb%?tenant=1&code=", request({ callback = "http://h/cb?tenant=1" }).url)
  end)

  it("writes clientId in each of the ways that senders have", function()
    local written = {}
    for _, encoding in ipairs(push.encodings) do
      written[encoding] = client_id_of { client_id_encoding = encoding }
    end
    assert.are.same({
      percent = "myx%2FDRvjN%2BosYha2DxNAuVlYVnpY26BU2pPJdCyVzJU%3D",
      raw = CLIENT_ID,
      form = "myx%2FDRvjN%2BosYha2DxNAuVlYVnpY26BU2pPJdCyVzJU%3D",
      spaced = "myx%2FDRvjN%20osYha2DxNAuVlYVnpY26BU2pPJdCyVzJU%3D",
    }, written)
    assert.are.equal("a+b", client_id_of { client_id = "a b", client_id_encoding = "form" })
  end)

  it("is understood by the provider script, however clientId is written", function()
    for _, encoding in ipairs(push.encodings) do
      local url = request({ client_id_encoding = encoding }).url
      local received =
        { method = "GET", path = "/callback", query = url:match "%?(.*)", headers = {}, body = "" }
      local read = assert(memories_ai.read_callback(received, { api_key = "sk-spec" }, {}))
      assert.are.same({ "c-1_2", CLIENT_ID }, { read.credential, read.subject }, encoding)
    end
  end)
end)
