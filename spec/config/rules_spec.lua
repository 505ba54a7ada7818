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
