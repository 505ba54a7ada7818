-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local child = require "spec.support.child"
local temporary = require "spec.support.temporary"
local usher = require "usher"

describe("usher", function()
  it("makes accounts of the providers there are", function()
    local account = usher.provider.memories_ai { api_key = "sk-1", client_id = "c1", policy = { margin = 9 } }
    assert.are.equal("memories_ai", account.provider.name)
    assert.are.equal("c1", account.subject)
    assert.are.equal(9, account.policy.margin)
  end)

  it("says which provider there is not", function()
    assert.has_error(function()
      return usher.provider.memory_ai
    end, "usher.provider has no memory_ai")
  end)

  it("makes accounts of a script of one's own, in a file or at hand", function()
    local folder = temporary.folder()
    finally(function()
      temporary.remove(folder)
    end)
    temporary.write(folder .. "/toy.lua", 'return { name = "toy", policy = { margin = 9 } }')
    local account = usher.provider(folder .. "/toy.lua") { app_id = "a1" }
    assert.are.same(
      { "toy", 9, "a1" },
      { account.provider.name, account.policy.margin, account.config.app_id }
    )
    assert.are.equal(account.provider, usher.provider(account.provider)({}).provider)
  end)

  it("names secrets, and reads none", function()
    assert.are.equal("secret(file /nowhere/key)", tostring(usher.secret.file "/nowhere/key"))
    assert.are.equal("secret(env USHER_SPEC_UNSET)", tostring(usher.secret.env "USHER_SPEC_UNSET"))
    assert.has_error(function()
      usher.secret.file()
    end, "usher.secret.file takes a name")
  end)

  it("marks a gateway's description", function()
    local description = usher.gateway { callback = {} }
    assert.is_true(usher.is_description(description))
    assert.is_false(usher.is_description { callback = {} })
    assert.has_error(function()
      usher.gateway "usher.lua"
    end, "usher.gateway takes a table")
  end)

  it("loads no core until something needs it", function()
    local code = [[require "usher" io.write(tostring(package.loaded["usher.core"]))]]
    assert.are.equal("nil", child.run(code))
  end)
end)
