-- SPDX-License-Identifier: MIT
local rules = require "usher.config.rules"

local function settings(callback, plain, api, token)
  return { callback = { listen = callback, plain = plain }, api = { listen = api, token = token } }
end

describe("rules.violation", function()
  for _, case in ipairs {
    { "127.0.0.1:8080", false, "unix:/run/usher.sock", nil, nil },
    { "127.0.0.1:8080", false, "127.0.0.1:9000", "token", nil },
    { "0.0.0.0:8080", true, "unix:/run/usher.sock", nil, nil },
    { "0.0.0.0:8080", false, "unix:/run/usher.sock", nil, "callback.listen" },
    { "[::]:8080", false, "unix:/run/usher.sock", nil, "callback.listen" },
    { "127.0.0.1:8080", false, "127.0.0.1:9000", nil, "api.token" },
  } do
    it(("of callback %s, api %s is %s"):format(case[1], case[3], case[5] or "none"), function()
      local violation = rules.violation(settings(case[1], case[2], case[3], case[4]))
      assert.are.equal(case[5], violation and violation.path)
    end)
  end
end)

describe("rules.violation of callback.tls", function()
  local function path_of(tls)
    local violation = rules.violation {
      callback = { listen = "0.0.0.0:8443", tls = tls },
      api = { listen = "unix:/run/usher.sock" },
    }
    return violation and violation.path
  end

  it("is that one of the two files is missing, or both where other machines come in", function()
    assert.is_nil(path_of { cert = "c", key = "k" })
    assert.are.equal("callback.tls.key", path_of { cert = "c" })
    assert.are.equal("callback.tls.cert", path_of { key = "k" })
    assert.are.equal("callback.listen", path_of {})
    assert.are.equal("callback.listen", path_of(nil))
  end)
end)

describe("rules.expiry_warning", function()
  it("comes a day before the certificate's end, and after it", function()
    local day = 24 * 3600
    assert.is_nil(rules.expiry_warning(2 * day, day))
    assert.are.equal(
      "holds a certificate that expires 1970-01-03 00:00:00 UTC",
      rules.expiry_warning(2 * day, day + 1).reason
    )
    assert.are.equal(
      "holds a certificate that expired 1970-01-03 00:00:00 UTC",
      rules.expiry_warning(2 * day, 2 * day).reason
    )
  end)
end)

describe("rules.warnings", function()
  local function warnings_of(listen, accounts, tls, api_listen)
    local paths = {}
    local callback = { listen = listen, tls = tls }
    local described = { callback = callback, api = { listen = api_listen or "unix:/x" }, accounts = accounts }
    for index, warning in ipairs(rules.warnings(described)) do
      paths[index] = warning.path
    end
    return paths
  end

  it("are of callbacks in clear from other machines, and of subjects that are not pinned", function()
    assert.are.same({}, warnings_of("127.0.0.1:80", { acme = { subject = "c1" } }))
    assert.are.same({}, warnings_of("0.0.0.0:443", { acme = { subject = "c1" } }, { cert = "c", key = "k" }))
    assert.are.same(
      { "callback.listen", "accounts.acme.client_id", "accounts.bolt.client_id" },
      warnings_of("0.0.0.0:80", { bolt = {}, acme = {}, core = { subject = "c1" } })
    )
  end)

  it("are of an API in clear to other machines", function()
    local accounts = { acme = { subject = "c1" } }
    assert.are.same({}, warnings_of("127.0.0.1:80", accounts, nil, "[::1]:81"))
    assert.are.same({ "api.listen" }, warnings_of("127.0.0.1:80", accounts, nil, "0.0.0.0:81"))
  end)

  it("name the key that pins where the provider script says which, and none where none does", function()
    local by_app, by_nothing = { subject_key = "app_id" }, { subject_key = false }
    assert.are.same(
      { "accounts.acme.app_id" },
      warnings_of("127.0.0.1:80", { acme = { provider = by_app }, bolt = { provider = by_nothing } })
    )
  end)
end)
