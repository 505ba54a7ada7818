-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"
local deferred = require "usher.config.deferred"
local schema = require "usher.config.schema"
local values = require "usher.config.values"

local KEYS = {
  ["callback.listen"] = { value = values.listen, default = "127.0.0.1:1" },
  ["callback.tls.key"] = { value = values.file_path },
  ["callback.allow"] = { value = values.networks, default = {} },
  ["api.token"] = { value = values.printable, secret = true },
  store = { value = values.table, required = true },
}
local SHAPE = schema.shape(KEYS)

local function messages_of(value, keys)
  local messages = {}
  for index, finding in ipairs(schema.check(value, SHAPE, keys)) do
    messages[index] = finding.message
  end
  return messages
end

describe("a schema", function()
  it("finds nothing wrong with what its keys allow", function()
    assert.are.same({}, messages_of { store = {} })
    assert.are.same(
      {},
      messages_of {
        callback = { listen = "[::1]:80", tls = { key = "k" }, allow = { "10.0.0.0/8" } },
        api = { token = "b3arer" },
        store = {},
      }
    )
  end)

  for expected, value in pairs {
    ["callback.tls.kee is not a known key; the nearest known key is callback.tls.key"] = {
      callback = { tls = { kee = "x" } },
    },
    ["calback is not a known key; the nearest known key is callback"] = { calback = {} },
    ["callback[1] is not a known key; the nearest known key is callback"] = { callback = { "x" } },
    ["callback is not a table"] = { callback = "127.0.0.1:80" },
    ["callback.listen 80 is not allowed; allowed: HOST:PORT"] = { callback = { listen = 80 } },
    ['callback.listen "80" is not an address; allowed: HOST:PORT'] = { callback = { listen = "80" } },
    ["callback.tls.key is not allowed; allowed: a path"] = { callback = { tls = { key = print } } },
    ["callback.listen is not allowed; allowed"] = { callback = { listen = deferred.env "X" } },
    ["api.token is not allowed; allowed: printable"] = { api = { token = "a b" } },
    ["api is not a table"] = { api = deferred.env "X" },
  } do
    it("finds: " .. expected, function()
      value.store = {}
      local messages = messages_of(value)
      assert.are.equal(1, #messages)
      assert.are.equal(expected, messages[1]:sub(1, #expected))
    end)
  end

  it("finds all there is, in order, and what is required where it should stand", function()
    local findings = schema.check({ x = 1, callback = { y = 2 } }, SHAPE, { "at" })
    local paths = {}
    for index, finding in ipairs(findings) do
      paths[index] = schema.path(finding.keys)
    end
    assert.are.same({ "at.callback.y", "at.x", "at" }, paths)
    assert.are.equal("at.store is required", findings[3].message)
  end)

  it("reveals no secret", function()
    for _, token in ipairs { "s3 cret", core.secret.new "s3 cret" } do
      local messages = messages_of { store = {}, api = { token = token } }
      assert.are.equal(1, #messages)
      assert.not_matches("s3", messages[1], 1, true)
    end
    assert.are.same({}, messages_of { store = {}, api = { token = deferred.env "X" } })
    assert.are.same({}, messages_of { store = {}, api = { token = core.secret.new "s3cret" } })
  end)

  it("makes one error of findings", function()
    local value, err = schema.failure(schema.check({ x = 1 }, SHAPE))
    assert.is_nil(value)
    assert.are.equal("bad_configuration", err.code)
    assert.matches("^x is not a known key", err.message)
    assert.are.equal(2, #err.findings)
  end)

  it("fills in defaults, each a copy", function()
    local settings = { callback = { listen = "x" } }
    schema.fill(settings, KEYS)
    assert.are.same({ callback = { listen = "x", allow = {} } }, settings)
    assert.are_not.equal(KEYS["callback.allow"].default, settings.callback.allow)
    settings = {}
    schema.fill(settings, KEYS)
    assert.are.same({ callback = { listen = "127.0.0.1:1", allow = {} } }, settings)
  end)

  it("writes paths as people do", function()
    assert.are.equal("accounts.a-b.c[2]", schema.path { "accounts", "a-b", "c", 2 })
    assert.are.equal("", schema.path {})
  end)
end)
