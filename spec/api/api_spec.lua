-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local api = require "usher.api"
local fake_keeper = require "spec.support.fake_keeper"
local json = require "usher.json"

local function yes()
  return true
end

local function ask(method, path, changes)
  local options = { keeper = fake_keeper.new(), is_tcp = false, ready = yes }
  local headers = { host = "localhost" }
  for name, value in pairs(changes or {}) do
    if name == "headers" then
      headers = value
    else
      options[name] = value
    end
  end
  local request = {
    method = method,
    path = path,
    query = "",
    headers = headers,
    body = "",
    remote = "unix",
    version = "1.1",
  }
  return api.new(options):handle(request), options.keeper
end

describe("api", function()
  for path, call in pairs {
    ["/v1/accounts/acme"] = { "document", "acme" },
    ["/v1/accounts/acme/token"] = { "token", "acme", {} },
  } do
    it("answers GET " .. path, function()
      local response, keeper = ask("GET", path)
      assert.are.equal(200, response.status)
      assert.are.same({ call }, keeper.calls)
    end)
  end

  it("answers POST /v1/accounts/acme/refresh", function()
    local response, keeper = ask("POST", "/v1/accounts/acme/refresh")
    assert.are.equal(200, response.status)
    assert.are.same({ { "refresh", "acme", {} } }, keeper.calls)
  end)

  it("answers GET /v1/accounts", function()
    local response = ask("GET", "/v1/accounts")
    assert.are.equal(200, response.status)
    assert.are.equal(2, #json.decode(response.body).accounts)
  end)

  it("answers probes", function()
    assert.are.equal(200, ask("GET", "/livez").status)
    assert.are.equal(200, ask("GET", "/readyz").status)
    local function no()
      return false
    end
    assert.are.equal(503, ask("GET", "/readyz", { ready = no }).status)
    assert.are.equal(200, ask("GET", "/livez", { ready = no }).status)
  end)

  for _, case in ipairs {
    { "POST", "/livez", "GET" },
    { "HEAD", "/readyz", "GET" },
    { "POST", "/metrics", "GET" },
    { "DELETE", "/v1/accounts", "GET" },
    { "PUT", "/v1/accounts/acme", "GET" },
    { "POST", "/v1/accounts/acme/token", "GET" },
    { "GET", "/v1/accounts/acme/refresh", "POST" },
  } do
    local method, path, allowed = table.unpack(case)
    it(("refuses %s %s with what is allowed"):format(method, path), function()
      local response, keeper = ask(method, path)
      assert.are.equal(405, response.status)
      assert.are.equal(allowed, response.headers.Allow)
      assert.are.equal("method_not_allowed", json.decode(response.body).error)
      assert.are.same({}, keeper.calls)
    end)
  end

  for _, path in ipairs {
    "/",
    "/v1",
    "/v1/accounts/",
    "/v1/accounts/acme/",
    "/v1/accounts/acme/token/",
    "/v2/accounts",
  } do
    it("does not know " .. path, function()
      local response = ask("GET", path)
      assert.are.equal(404, response.status)
      assert.are.equal("not_found", json.decode(response.body).error)
    end)
  end

  it("tells nothing to who may not ask", function()
    local response = ask("GET", "/v1/nothing", { headers = { host = "evil.example" } })
    assert.are.equal(421, response.status)
    response =
      ask("GET", "/v1/accounts/acme", { headers = { host = "localhost", origin = "http://evil.example" } })
    assert.are.equal(403, response.status)
  end)

  it("shows metrics to who has the bearer token", function()
    local keeper = fake_keeper.new()
    function keeper.names()
      return {}
    end
    local tcp = { is_tcp = true, token = "t0ken", keeper = keeper, requests = { api = { [200] = 7 } } }
    assert.are.equal(401, ask("GET", "/metrics", tcp).status)
    tcp.headers = { host = "localhost", authorization = "Bearer t0ken" }
    local response = ask("GET", "/metrics", tcp)
    assert.are.equal(200, response.status)
    assert.matches('usher_requests_total{listener="api",status="200"} 7', response.body, 1, true)
  end)

  it("names the scheme where the bearer token is missing", function()
    local tcp = { is_tcp = true, token = "t0ken" }
    local response, keeper = ask("GET", "/v1/accounts/acme/token", tcp)
    assert.are.equal(401, response.status)
    assert.are.equal('Bearer realm="usher"', response.headers["WWW-Authenticate"])
    assert.are.same({}, keeper.calls)
    tcp.headers = { host = "localhost", authorization = "Bearer t0ken" }
    assert.are.equal(200, ask("GET", "/v1/accounts/acme/token", tcp).status)
  end)
end)
