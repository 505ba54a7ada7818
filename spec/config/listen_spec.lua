-- SPDX-License-Identifier: MIT
local listen = require "usher.config.listen"

local ACCEPTED = {
  ["127.0.0.1:8080"] = { host = "127.0.0.1", port = 8080 },
  ["0.0.0.0:0"] = { host = "0.0.0.0", port = 0 },
  ["localhost:65535"] = { host = "127.0.0.1", port = 65535 },
  ["[::1]:8080"] = { host = "::1", port = 8080 },
  ["[2001:db8::1]:443"] = { host = "2001:db8::1", port = 443 },
  ["[::ffff:127.0.0.1]:80"] = { host = "::ffff:127.0.0.1", port = 80 },
  ["unix:/run/usher.sock"] = { path = "/run/usher.sock" },
  ["unix:/a b:80"] = { path = "/a b:80" },
  ["unix:" .. ("x"):rep(107)] = { path = ("x"):rep(107) },
}

local REFUSED = {
  "",
  "8080",
  ":8080",
  "127.0.0.1",
  "127.0.0.1:",
  "127.0.0.1:port",
  "127.0.0.1:65536",
  "127.0.0.1:99999999999999999999",
  "127.0.0.1:-1",
  "127.0.0.256:80",
  "127.0.1:80",
  "example.com:80",
  "*:80",
  "::1:80",
  "[::1]",
  "[1234]:80",
  "[::1",
  "[::1%eth0]:80",
  "http://127.0.0.1:80",
  "127.0.0.1:80\n",
  "unix:",
  "unix:/run/\n",
  "unix:" .. ("x"):rep(108),
}

describe("listen.parse", function()
  for text, address in pairs(ACCEPTED) do
    it("reads " .. text, function()
      assert.are.same(address, listen.parse(text))
    end)
  end

  for _, text in ipairs(REFUSED) do
    it("refuses " .. (text:gsub("%c", "?")), function()
      local address, reason = listen.parse(text)
      assert.is_nil(address)
      assert.is_string(reason)
    end)
  end
end)

describe("listen.text", function()
  it("writes an address as it was read", function()
    for _, text in ipairs { "127.0.0.1:80", "[2001:db8::1]:443", "unix:/run/usher.sock" } do
      assert.are.equal(text, listen.text(listen.parse(text)))
    end
  end)
end)

describe("listen.is_local", function()
  it("holds for sockets and loopback addresses only", function()
    for text, is_local in pairs {
      ["127.0.0.1:1"] = true,
      ["127.8.9.1:1"] = true,
      ["[::1]:1"] = true,
      ["localhost:1"] = true,
      ["unix:/run/usher.sock"] = true,
      ["0.0.0.0:1"] = false,
      ["[::]:1"] = false,
      ["192.0.2.1:1"] = false,
      ["[::ffff:127.0.0.1]:1"] = false,
    } do
      assert.are.equal(is_local, listen.is_local(listen.parse(text)), text)
    end
  end)
end)
