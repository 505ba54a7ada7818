-- SPDX-License-Identifier: MIT
local values = require "usher.config.values"

-- kind, then texts that are allowed, with their meaning, and texts that are not
local CASES = {
  integer = {
    values.integer(1, 600),
    { ["1"] = 1, ["600"] = 600, ["007"] = 7 },
    { "0", "601", "-1", "1.5", "1e2", "0x10", " 1", "1 ", "", "ten", "99999999999999999999" },
  },
  one_of = {
    values.one_of { "plain", "json" },
    { plain = "plain", json = "json" },
    { "", "JSON", "plain,json" },
  },
  flag = { values.flag, { ["1"] = true, ["0"] = false }, { "", "yes", "true", "2" } },
  account_name = {
    values.account_name,
    { default = "default", ["a.B_c-9"] = "a.B_c-9", [("x"):rep(64)] = ("x"):rep(64) },
    { "", "a b", "a/b", "ä", "a\n", ("x"):rep(65) },
  },
  listen = { values.listen, { ["127.0.0.1:80"] = "127.0.0.1:80" }, { "80", "unix:" } },
  callback_path = {
    values.callback_path,
    { ["/callback"] = "/callback", ["/"] = "/", ["/a/s3cret-~x"] = "/a/s3cret-~x" },
    { "", "callback", "/a?b", "/a#b", "/a b", "/a%20b", "/a\\b", "/ä" },
  },
  printable = {
    values.printable,
    { ["k3y+/="] = "k3y+/=" },
    { "", "a b", "a\n", "ä", "\0", ("x"):rep(1025) },
  },
  mode = { values.mode, { ["0660"] = "0660" }, { "660", "0680", "06600", "1777", "" } },
  group = { values.group, { apps = "apps", ["_a-b"] = "_a-b" }, { "", "-a", "a b" } },
  file_path = { values.file_path, { ["/a b"] = "/a b" }, { "", "a\nb" } },
  endpoint = {
    values.endpoint,
    {
      ["https://as/token?a=b&c=%20"] = "https://as/token?a=b&c=%20",
      ["https://as?x"] = "https://as?x",
      ["http://127.0.0.1:80/cb"] = "http://127.0.0.1:80/cb",
    },
    { "", "https://", "http://as/token", "https://user@as/", "https://as/#f", "https://as/a b", "ftp://as/" },
  },
  pem = {
    values.pem,
    { ["-----BEGIN EC PRIVATE KEY-----\nx"] = "-----BEGIN EC PRIVATE KEY-----\nx" },
    { "", "key", "-----BEGIN PUBLIC KEY-----\nx" },
  },
  base_url = {
    values.base_url,
    {
      ["https://mavi-backend.memories.ai"] = "https://mavi-backend.memories.ai",
      ["https://h:8443/api/v1"] = "https://h:8443/api/v1",
      ["https://[2001:db8::1]:443/"] = "https://[2001:db8::1]:443/",
      ["http://127.0.0.1:9000"] = "http://127.0.0.1:9000",
      ["http://localhost/api"] = "http://localhost/api",
      ["http://[::1]:9000"] = "http://[::1]:9000",
    },
    {
      "",
      "mavi-backend.memories.ai",
      "ftp://h",
      "HTTP://127.0.0.1",
      "https://",
      "https:///path",
      "http://example.com",
      "http://127.0.0.1.example.com",
      "http://127.0.0.1@example.com",
      "http://localhost:80@example.com",
      "http://localhost\\@example.com",
      "https://user:password@h",
      "https://h?query",
      "https://h/#fragment",
      "https://h:99999",
      "https://h:",
      "https://h /",
      "https://-h",
    },
  },
  networks = {
    values.networks,
    {
      ["203.0.113.0/24"] = { "203.0.113.0/24" },
      ["192.0.2.1, 2001:db8::/32"] = { "192.0.2.1", "2001:db8::/32" },
      [""] = {},
    },
    { "example.com", "10.0.0.0/", "10.0.0.0/8 10.1.0.0/16", "10.0.0.0/8;", ",", ",, " },
  },
}

describe("a value", function()
  for name, case in pairs(CASES) do
    local kind, allowed, refused = case[1], case[2], case[3]

    it(("of kind %s takes what is allowed"):format(name), function()
      for text, meaning in pairs(allowed) do
        assert.are.same(meaning, kind.parse(text))
        assert.is_true(kind.check(meaning), text)
      end
    end)

    it(("of kind %s takes nothing else"):format(name), function()
      for _, text in ipairs(refused) do
        assert.is_false(kind.check(kind.parse(text)), text)
      end
      for _, value in ipairs { print, io.stderr, { {} }, -1 } do
        assert.is_false(kind.check(value))
      end
      assert.is_false(kind.check(nil))
    end)

    it(("of kind %s says what is allowed"):format(name), function()
      assert.is_truthy(kind.allowed:find "%w")
    end)
  end

  it("that is a list has no keys but those of its members", function()
    for kind, member in pairs { [values.networks] = "10.0.0.0/8", [values.hosts] = "h" } do
      assert.is_true(kind.check { member, member })
      for _, value in ipairs {
        { name = member },
        { member, name = member },
        { [2] = member },
        { [0] = member },
      } do
        assert.is_false(kind.check(value))
      end
    end
  end)

  it("may say more than that it is wrong", function()
    local _, reason = values.base_url.check "http://example.com"
    assert.are.equal("is plain http to another machine", reason)
    _, reason = values.listen.check "127.0.0.1:65536"
    assert.are.equal("has a port above 65535", reason)
  end)
end)

describe("a command", function()
  it("is a list of texts, the first an absolute path", function()
    for _, words in ipairs { { "/bin/ls" }, { "/bin/ls", "", "-l" } } do
      assert.is_true((values.command.check(words)))
    end
  end)

  it("holds nothing that would count for nothing, or that no program could get", function()
    for _, words in ipairs {
      {},
      { "ls" },
      { "/bin/ls", 5 },
      { "/bin/ls", "a\0b" },
      { "/bin/ls", [3] = "c" },
      { "/bin/ls", user = "root" },
      "/bin/ls",
    } do
      assert.is_false((values.command.check(words)))
    end
  end)
end)

describe("an environment", function()
  it("is texts by name", function()
    assert.is_true((values.environment.check { HOME = "/root", _x1 = "" }))
    for _, texts in ipairs { { "HOME" }, { ["A=B"] = "c" }, { [""] = "c" }, { A = 5 }, { A = "a\0b" } } do
      assert.is_false((values.environment.check(texts)))
    end
  end)
end)
