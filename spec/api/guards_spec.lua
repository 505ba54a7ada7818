-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local guards = require "usher.api.guards"

local function verdict(options, headers, path)
  local ok, err = guards.new(options):check { path = path or "/v1/accounts", headers = headers }
  return ok and "ok" or err.code
end

local UNIX = { is_tcp = false }

describe("api guards", function()
  for host, expected in pairs {
    ["localhost"] = "ok",
    ["LocalHost:8081"] = "ok",
    ["127.0.0.1:8081"] = "ok",
    ["[::1]"] = "ok",
    ["[::1]:8081"] = "ok",
    ["usher.internal"] = "ok",
    ["evil.example"] = "misdirected",
    ["localhost.evil.example"] = "misdirected",
    ["127.0.0.1.nip.io"] = "misdirected",
    ["localhost@evil.example"] = "misdirected",
    [""] = "misdirected",
  } do
    it(("Host %q: %s"):format(host, expected), function()
      assert.are.equal(expected, verdict({ is_tcp = false, hosts = { "usher.internal" } }, { host = host }))
    end)
  end

  it("refuses a request without Host", function()
    assert.are.equal("misdirected", verdict(UNIX, {}))
  end)

  for origin, expected in pairs {
    ["http://localhost:8081"] = "ok",
    ["https://localhost:8081"] = "ok",
    ["http://localhost:3000"] = "forbidden",
    ["http://evil.example"] = "forbidden",
    ["null"] = "forbidden",
    [""] = "forbidden",
  } do
    it(("Origin %q: %s"):format(origin, expected), function()
      assert.are.equal(expected, verdict(UNIX, { host = "localhost:8081", origin = origin }))
    end)
  end

  for site, expected in pairs {
    ["none"] = "ok",
    ["same-origin"] = "ok",
    ["same-site"] = "forbidden",
    ["cross-site"] = "forbidden",
  } do
    it(("Sec-Fetch-Site %s: %s"):format(site, expected), function()
      assert.are.equal(expected, verdict(UNIX, { host = "localhost", ["sec-fetch-site"] = site }))
    end)
  end

  for authorization, expected in pairs {
    ["Bearer t0ken"] = "ok",
    ["bearer t0ken"] = "ok",
    ["Bearer t0ke"] = "unauthorized",
    ["Bearer t0kenx"] = "unauthorized",
    ["Bearer"] = "unauthorized",
    ["Basic t0ken"] = "unauthorized",
    [""] = "unauthorized",
  } do
    it(("on TCP, Authorization %q: %s"):format(authorization, expected), function()
      local options = { is_tcp = true, token = core.secret.new "t0ken" }
      assert.are.equal(expected, verdict(options, { host = "localhost", authorization = authorization }))
    end)
  end

  it("asks probes for no bearer token, but for a known Host", function()
    local options = { is_tcp = true, token = "t0ken" }
    for _, path in ipairs { "/livez", "/readyz" } do
      assert.are.equal("ok", verdict(options, { host = "localhost" }, path))
      assert.are.equal("misdirected", verdict(options, { host = "evil.example" }, path))
    end
    assert.are.equal("unauthorized", verdict(options, { host = "localhost" }, "/livez/"))
  end)

  it("asks nobody for a bearer token on a Unix socket", function()
    assert.are.equal("ok", verdict({ is_tcp = false, token = "t0ken" }, { host = "localhost" }))
  end)

  it("cannot be made for TCP without a bearer token", function()
    assert.has_error(function()
      guards.new { is_tcp = true }
    end, "an API on TCP needs a bearer token")
  end)
end)
