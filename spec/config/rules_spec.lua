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

describe("rules.warnings", function()
  local function warnings_of(listen, accounts)
    local paths = {}
    for index, warning in ipairs(rules.warnings { callback = { listen = listen }, accounts = accounts }) do
      paths[index] = warning.path
    end
    return paths
  end

  it("are of callbacks in clear from other machines, and of subjects that are not pinned", function()
    assert.are.same({}, warnings_of("127.0.0.1:80", { acme = { subject = "c1" } }))
    assert.are.same(
      { "callback.listen", "accounts.acme.client_id", "accounts.bolt.client_id" },
      warnings_of("0.0.0.0:80", { bolt = {}, acme = {}, core = { subject = "c1" } })
    )
  end)
end)
