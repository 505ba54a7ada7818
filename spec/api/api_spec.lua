-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local api = require "usher.api"
local errors = require "usher.errors"
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

  for what, case in pairs {
    ["what is wrong with the configuration"] = {
      errors.new("bad_configuration", "u.lua:7: wrong"),
      422,
      "bad_configuration",
    },
    ["an address that is taken"] = {
      errors.new("address_in_use", "api.listen: taken"),
      422,
      "bad_configuration",
    },
    ["what time may mend"] = { errors.new "temporarily_unavailable", 503, "temporarily_unavailable" },
    ["a fault of our own"] = { errors.new "internal", 500, "internal" },
  } do
    it("tells of a reload " .. what, function()
      local response = ask("POST", "/v1/reload", {
        reload = function()
          return nil, case[1]
        end,
      })
      local body = json.decode(response.body)
      assert.are.same(
        { case[2], case[3], case[1].message },
        { response.status, body.error, body.error_description }
      )
    end)
  end

  it("reloads", function()
    local response = ask("POST", "/v1/reload", { reload = yes })
    assert.are.same({ 200, '{"reloaded":true}' }, { response.status, response.body })
  end)

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
