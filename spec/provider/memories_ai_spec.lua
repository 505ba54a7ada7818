-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local json = require "usher.json"
local memories_ai = require "usher.provider.memories_ai"

local API_KEY = "sk-fixture"
local CLIENT_ID = "myxjDRvjN+osYha2DxNAuVlYVnpY26BU2pPJdCyVzJU="

local config = { api_key = API_KEY, base_url = "https://provider.example/" }

local function get(text)
  return { method = "GET", path = "/callback", query = text, headers = {}, body = "" }
end

local function answer(status, body)
  return { status = status, headers = {}, body = type(body) == "table" and json.encode(body) or body }
end

local STATE = memories_ai.account_key(config)

describe("memories_ai account key", function()
  it("is the lower hex MD5 of the API key", function()
    assert.are.equal("900150983cd24fb0d6963f7d28e17f72", memories_ai.account_key { api_key = "abc" })
  end)

  it("is what a request carries as state, in any case", function()
    assert.are.equal("abc1", memories_ai.request_key(get "state=ABC1&code=x"))
  end)

  for _, text in ipairs { "code=x", "state=", "state=a&state=a", "state=%zz" } do
    it("refuses " .. text, function()
      local key, err = memories_ai.request_key(get(text))
      assert.is_nil(key)
      assert.are.equal("bad_request", err.code)
    end)
  end
end)

describe("memories_ai callback", function()
  local spellings = {
    ["percent-encoded"] = "myxjDRvjN%2BosYha2DxNAuVlYVnpY26BU2pPJdCyVzJU%3D",
    ["in lower-case percent-encoding"] = "myxjDRvjN%2bosYha2DxNAuVlYVnpY26BU2pPJdCyVzJU%3d",
    raw = "myxjDRvjN+osYha2DxNAuVlYVnpY26BU2pPJdCyVzJU=",
    ["with the space that a proxy made of +"] = "myxjDRvjN%20osYha2DxNAuVlYVnpY26BU2pPJdCyVzJU=",
  }
  for name, spelling in pairs(spellings) do
    it("reads a clientId " .. name, function()
      local text = ("code=c1&clientId=%s&state=%s"):format(spelling, STATE)
      assert.are.same(
        { credential = "c1", subject = CLIENT_ID },
        memories_ai.read_callback(get(text), config)
      )
    end)
  end

  it("takes the state without regard to case", function()
    assert.truthy(memories_ai.read_callback(get("code=c&clientId=i&state=" .. STATE:upper()), config))
  end)

  it("takes a form-encoded POST", function()
    local request = {
      method = "POST",
      path = "/callback",
      query = "",
      headers = { ["content-type"] = "application/x-www-form-urlencoded" },
      body = ("code=c%%2B1&clientId=%s&state=%s"):format(spellings["percent-encoded"], STATE),
    }
    assert.are.same({ credential = "c+1", subject = CLIENT_ID }, memories_ai.read_callback(request, config))
  end)

  local refusals = {
    { "clientId=i&state=%s", "bad_request" },
    { "code=c&state=%s", "bad_request" },
    { "code=&clientId=i&state=%s", "bad_request" },
    { "code=c&code=d&clientId=i&state=%s", "bad_request" },
    { "code=c%%00&clientId=i&state=%s", "bad_request" },
    { "code=c&clientId=i&state=%s0", "forbidden" },
    { "code=c&clientId=i&state=0", "forbidden" },
  }
  for _, case in ipairs(refusals) do
    it(("answers %s: %s"):format(case[1], case[2]), function()
      local push, err = memories_ai.read_callback(get(case[1]:format(STATE)), config)
      assert.is_nil(push)
      assert.are.equal(case[2], err.code)
    end)
  end
end)

describe("memories_ai request", function()
  it("exchanges the code for the pinned subject", function()
    local request = memories_ai.exchange(config, "c1", { subject = CLIENT_ID })
    assert.are.same({
      method = "POST",
      url = "https://provider.example/auth/api/token/getAccessToken",
      headers = { ["Content-Type"] = "application/json", Accept = "application/json" },
    }, { method = request.method, url = request.url, headers = request.headers })
    assert.are.same({ clientId = CLIENT_ID, code = "c1" }, json.decode(request.body))
  end)

  it("refreshes nothing without a refresh token", function()
    assert.is_nil(memories_ai.refresh(config, { access_token = "a1" }))
  end)

  it("refreshes at the documented host unless told another", function()
    local request = memories_ai.refresh({ api_key = API_KEY }, { refresh_token = "r1" })
    assert.are.equal("https://mavi-backend.memories.ai/auth/api/token/refreshAccessToken", request.url)
    assert.are.same({ refreshToken = "r1" }, json.decode(request.body))
  end)
end)

describe("memories_ai answer", function()
  local tokens =
    { accessToken = "a", type = "Bearer", expiresIn = 7200, refreshToken = "r", refreshExpiresIn = 5184000 }
  local classes = {
    -- status, body, class of an exchange, class of a refresh, code
    { 200, { code = "0000", data = tokens }, "ok", "ok" },
    { 200, { code = 0, data = tokens }, "ok", "ok" },
    { 200, { code = 200, data = tokens }, "ok", "ok" },
    { 200, { code = "200", data = tokens }, "ok", "ok" },
    { 200, { code = "200", msg = "no data" }, "retryable", "retryable", "200" },
    { 200, { code = "0401" }, "credential", "refresh_token", "0401" },
    { 200, { code = 401 }, "credential", "refresh_token", "0401" },
    { 200, { code = "0001" }, "credential", "retryable", "0001" },
    { 200, { code = "0003" }, "credential", "retryable", "0003" },
    { 200, { code = "0403" }, "configuration", "configuration", "0403" },
    { 200, { code = "0402" }, "configuration", "configuration", "0402" },
    { 200, { code = "9009" }, "configuration", "configuration", "9009" },
    { 200, { code = "0429" }, "budget", "budget", "0429" },
    { 200, { code = "7777" }, "retryable", "retryable", "7777" },
    { 200, { data = tokens }, "retryable", "retryable" },
    { 200, { code = { 1 } }, "retryable", "retryable" },
    { 200, "<html>", "retryable", "retryable", "no_json" },
    { 200, "", "retryable", "retryable", "no_json" },
    { 200, "null", "retryable", "retryable", "no_json" },
    { 400, { error = "invalid_grant" }, "credential", "refresh_token", "invalid_grant" },
    { 400, "<html>", "retryable", "retryable" },
    { 401, { code = "0401" }, "retryable", "retryable" },
    { 403, "blocked by the firewall", "retryable", "retryable" },
    { 404, { timestamp = 1, path = "/", status = 404, error = "Not Found" }, "retryable", "retryable" },
    { 429, "", "budget", "budget" },
    { 500, { code = "0401" }, "retryable", "retryable" },
    { 302, "", "retryable", "retryable" },
  }
  for index, case in ipairs(classes) do
    it(("%d, HTTP %d, is %s or %s"):format(index, case[1], case[3], case[4]), function()
      local response = answer(case[1], case[2])
      local exchange, code = memories_ai.classify(response, "exchange", config)
      assert.are.same(
        { case[3], case[4], case[5] },
        { exchange, memories_ai.classify(response, "refresh", config), code }
      )
    end)
  end

  local function read(data, unit)
    local response = answer(200, { code = "0000", data = data })
    return memories_ai.read_tokens(response, { expires_unit = unit }, "exchange")
  end

  it("gives the tokens as they came", function()
    assert.are.same({
      access_token = "a",
      token_type = "Bearer",
      expires_in = 7200,
      refresh_token = "r",
      refresh_expires_in = 5184000,
      notes = {},
    }, read(tokens))
  end)

  it("gives no refresh token where none came", function()
    assert.are.same(
      { access_token = "b", expires_in = 60, notes = {} },
      read { accessToken = "b", expiresIn = "60", refreshToken = "", type = "" }
    )
  end)

  it("reads milliseconds, and says so", function()
    local answered = read { accessToken = "a", expiresIn = 7200000 }
    assert.are.same({ 7200, { "lifetimes_in_milliseconds" } }, { answered.expires_in, answered.notes })
  end)

  it("believes a configured unit", function()
    assert.are.equal(12, read({ accessToken = "a", expiresIn = 12000 }, "ms").expires_in)
  end)

  for name, data in pairs {
    ["without tokens"] = {},
    ["with an odd lifetime"] = { accessToken = "a", expiresIn = 0 },
  } do
    it("refuses an answer " .. name, function()
      local answered, err = read(data)
      assert.is_nil(answered)
      assert.are.equal("bad_response", err.code)
    end)
  end

  it("refuses an answer whose data is no object", function()
    assert.is_nil(memories_ai.read_tokens(answer(200, { code = "0000", data = "x" }), config))
  end)
end)
