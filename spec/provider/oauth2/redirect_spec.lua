-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local json = require "usher.json"
local query = require "usher.model.query"
local redirect = require "usher.provider.oauth2.redirect"

-- RFC 7636, appendix B.
local VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
local CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

local function begin(changes, metadata, callback_url, loopback_port)
  local config = {
    client_id = "c1",
    issuer = "https://as",
    authorization_endpoint = "https://as/authorize",
    callback_path = "/callback",
  }
  for name, value in pairs(changes or {}) do
    config[name] = value
  end
  return redirect.begin(config, {
    random = function()
      return core.encoding.base64url_decode(VERIFIER)
    end,
    metadata = metadata,
    callback_url = callback_url,
    loopback_port = loopback_port,
  })
end

local function parameters_of(url)
  local sent, values = assert(query.parse(url:match "%?(.*)$")), {}
  for _, name in ipairs(sent:names()) do
    values[name] = sent:get(name)
  end
  return values
end

describe("the authorization request", function()
  it("has PKCE with S256 (RFC 7636, appendix B), and a state", function()
    local begun = begin { redirect_uri = "https://usher/callback", scope = "read write" }
    assert.are.equal("https://as/authorize", begun.url:match "^[^?]+")
    assert.are.same({
      response_type = "code",
      client_id = "c1",
      redirect_uri = "https://usher/callback",
      scope = "read write",
      state = VERIFIER,
      code_challenge = CHALLENGE,
      code_challenge_method = "S256",
    }, parameters_of(begun.url))
    assert.are.same({
      verifier = VERIFIER,
      redirect_uri = "https://usher/callback",
      issuer = "https://as",
      must_name_issuer = false,
    }, begun.pending)
    assert.are.same({ VERIFIER, 600 }, { begun.key, begun.expires_in })
  end)

  it("has a state and a verifier of 256 random bits each, never the same", function()
    local seen = {}
    for _ = 1, 100 do
      local begun = redirect.begin(
        { client_id = "c1", authorization_endpoint = "https://as", redirect_uri = "https://usher" },
        { random = core.random.bytes }
      )
      for _, text in ipairs { begun.key, begun.pending.verifier } do
        assert.are.equal(43, #text)
        assert.is_nil(seen[text])
        seen[text] = true
      end
    end
  end)

  it("keeps the query of the endpoint, and adds what the service or the operator wants", function()
    local begun = begin {
      authorization_endpoint = "https://as/authorize?tenant=1",
      redirect_uri = "https://usher",
      resource = "https://api",
      service = "google",
    }
    local values = parameters_of(begun.url)
    assert.are.same(
      { "1", "offline", "consent", "https://api" },
      { values.tenant, values.access_type, values.prompt, values.resource }
    )
    values = parameters_of(begin({ redirect_uri = "https://u", service = "google", parameters = {} }).url)
    assert.is_nil(values.access_type)
  end)

  it("comes back to the callback listener of this machine, where nothing else is said", function()
    local begun = begin({}, nil, "http://127.0.0.1:8080/callback")
    assert.are.equal("http://127.0.0.1:8080/callback", parameters_of(begun.url).redirect_uri)
    local _, err = begin()
    assert.are.equal("bad_configuration", err.code)
    assert.matches("redirect_uri", err.message, 1, true)
  end)

  -- RFC 8252, 7.3: the port alone differs from what was registered.
  for registered, expected in pairs {
    [""] = "http://127.0.0.1:49152/callback",
    ["https://usher.example/callback"] = "http://127.0.0.1:49152/callback",
    ["http://127.0.0.1/other?a=1:2"] = "http://127.0.0.1:49152/other?a=1:2",
    ["http://localhost:8080/"] = "http://localhost:49152/",
    ["http://localhost"] = "http://localhost:49152",
    ["http://[::1]:1/c"] = "http://[::1]:49152/c",
    ["http://[::1]/c"] = "http://[::1]:49152/c",
  } do
    it(("comes back to a port of this machine, registered as %q"):format(registered), function()
      local changes = { redirect_uri = registered ~= "" and registered or nil }
      local begun = begin(changes, nil, "http://127.0.0.1:8080/callback", 49152)
      assert.are.equal(expected, parameters_of(begun.url).redirect_uri)
      assert.are.same({ expected, expected }, { begun.redirect_uri, begun.pending.redirect_uri })
    end)
  end

  it("cannot be made without an endpoint", function()
    local config = { client_id = "c1", redirect_uri = "https://usher" }
    local _, err = redirect.begin(config, { random = core.random.bytes, metadata = {} })
    assert.are.equal("bad_configuration", err.code)
  end)
end)

describe("the redirect", function()
  local PENDING = { verifier = VERIFIER, redirect_uri = "https://usher/callback", issuer = "https://as" }

  local function request(text, method)
    local is_post = method == "POST"
    return {
      method = method or "GET",
      query = is_post and "" or text,
      body = is_post and text or "",
      headers = { ["content-type"] = "application/x-www-form-urlencoded" },
    }
  end

  local function read(text, changes)
    local pending = {}
    for _, fields in ipairs { PENDING, changes or {} } do
      for name, value in pairs(fields) do
        pending[name] = value
      end
    end
    return redirect.read(request(text), pending)
  end

  it("is known by its state", function()
    assert.are.equal("s1", redirect.state(request "code=c&state=s1"))
    assert.are.equal("s1", redirect.state(request("code=c&state=s1", "POST")))
    for _, text in ipairs { "code=c", "state=&code=c", "state=s1&state=s1", "state=%zz" } do
      local state, err = redirect.state(request(text))
      assert.are.same({ nil, "bad_request" }, { state, err.code })
    end
  end)

  it("brings all that the exchange needs", function()
    local push = read "code=c%2F1&state=s1"
    assert.are.equal(600, push.valid_for)
    assert.are.same({
      grant_type = "authorization_code",
      code = "c/1",
      code_verifier = VERIFIER,
      redirect_uri = "https://usher/callback",
    }, redirect.fields(push.credential))
  end)

  it("ends with a page that is short, plain and without a secret", function()
    for _, text in ipairs { "code=s3cretcode&state=s3cretstate", "error=access_denied&state=s3cretstate" } do
      local reply = read(text).reply
      assert.is_true(#reply.body < 80)
      local shown = json.encode(reply)
      for _, secret in ipairs { "s3cret", VERIFIER } do
        assert.is_nil(shown:find(secret, 1, true))
      end
      assert.are.equal("text/plain; charset=utf-8", reply.headers["Content-Type"])
      assert.are.equal("no-referrer", reply.headers["Referrer-Policy"])
      assert.are.equal("no-store", reply.headers["Cache-Control"])
      assert.are.equal("default-src 'none'; frame-ancestors 'none'", reply.headers["Content-Security-Policy"])
    end
  end)

  it("may bring a refusal", function()
    assert.are.equal("access_denied", read("error=access_denied&state=s1").failure.code)
    assert.are.equal("unknown", read("error=%3Cscript%3E&state=s1").failure.code)
    assert.is_nil(read("error=access_denied&code=c&state=s1").credential)
  end)

  local issuers = {
    { "iss=https%3A%2F%2Fas&code=c", {}, nil },
    { "iss=https%3A%2F%2Fevil&code=c", {}, "forbidden" },
    { "iss=https%3A%2F%2Fas%2F&code=c", {}, "forbidden" },
    { "iss=https%3A%2F%2Fevil&error=access_denied", {}, "forbidden" },
    { "code=c", {}, nil },
    { "code=c", { must_name_issuer = true }, "forbidden" },
    { "iss=https%3A%2F%2Fas&code=c", { must_name_issuer = true }, nil },
    { "iss=a&iss=https%3A%2F%2Fas&code=c", {}, "bad_request" },
  }
  for _, case in ipairs(issuers) do
    it(("is%s taken: %s"):format(case[3] and " not" or "", case[1]), function()
      local push, err = read(case[1], case[2])
      assert.are.equal(case[3], err and err.code)
      assert.are.equal(case[3] == nil, push ~= nil)
    end)
  end

  it("is not taken with a code that is missing, empty or repeated", function()
    for _, text in ipairs { "state=s1", "code=&state=s1", "code=a&code=b", "error=a&error=b" } do
      local push, err = read(text)
      assert.are.same({ nil, "bad_request" }, { push, err.code })
    end
  end)

  it("is not taken where nobody was asked", function()
    local push, err = redirect.read(request "code=c&state=s1", nil)
    assert.are.same({ nil, "forbidden" }, { push, err.code })
  end)
end)
