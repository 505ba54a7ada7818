-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local networks = require "usher.callback.networks"

describe("callback networks", function()
  local CASES = {
    { "203.0.113.0/24", "203.0.113.255:1", true },
    { "203.0.113.0/24", "203.0.114.0:1", false },
    { "203.0.113.77/24", "203.0.113.1:1", true },
    { "10.0.0.0/9", "10.127.255.255:1", true },
    { "10.0.0.0/9", "10.128.0.0:1", false },
    { "192.0.2.7", "192.0.2.7:9", true },
    { "192.0.2.7", "192.0.2.8:9", false },
    { "0.0.0.0/0", "198.51.100.1:9", true },
    { "0.0.0.0/0", "[2001:db8::1]:9", false },
    { "192.0.2.0/24", "[::ffff:192.0.2.1]:9", true },
    { "2001:db8::/32", "[2001:db8:ffff::1]:9", true },
    { "2001:db8::/32", "[2001:db9::]:9", false },
    { "::1", "[::1]:9", true },
    { "::/0", "[fe80::1%eth0]:9", true },
    { "fe80::/10", "[fe80::1%eth0]:9", true },
    { "2001:db8:1:2:3:4:5:6/127", "[2001:db8:1:2:3:4:5:7]:9", true },
    { "2001:db8:1:2:3:4:5:6/128", "[2001:db8:1:2:3:4:5:7]:9", false },
    { "::ffff:192.0.2.0/120", "192.0.2.99:1", true },
    { "::/0", "192.0.2.1:9", false },
    { "0.0.0.0/0", "unix", false },
  }

  for _, case in ipairs(CASES) do
    local network, remote, expected = table.unpack(case)
    it(("%s: %s is %s"):format(network, remote, expected and "in" or "out"), function()
      assert.are.equal(expected, networks.parse({ network }):contains(remote))
    end)
  end

  it("takes a source that lies in any network of the list", function()
    local list = networks.parse { "192.0.2.0/24", "2001:db8::/32" }
    assert.is_true(list:contains "192.0.2.1:1")
    assert.is_true(list:contains "[2001:db8::1]:1")
    assert.is_false(list:contains "198.51.100.1:1")
  end)

  for _, text in ipairs {
    "",
    "host.example",
    "256.0.0.1",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "1.2.3.4/33",
    "1.2.3.4/",
    "1.2.3.4/-1",
    "1.2.3.4/x",
    ":::",
    "1::2::3",
    "12345::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "::1/129",
    "::256.0.0.1",
    "1.2.3.4::",
  } do
    it(("refuses %q"):format(text), function()
      local list, err = networks.parse { "192.0.2.1", text }
      assert.is_nil(list)
      assert.are.equal("bad_configuration", err.code)
      assert.matches("callback.allow[2]", err.message, 1, true)
    end)
  end
end)
