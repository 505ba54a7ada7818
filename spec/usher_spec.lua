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

  it("reads a secret from a file, less one newline", function()
    local folder = temporary.folder()
    finally(function()
      temporary.remove(folder)
    end)
    local path = folder .. "/key"
    temporary.write(path, "s3cret\n\n")
    local secret = usher.secret.file(path)
    assert.are.equal("s3cret\n", secret:reveal())
    assert.not_matches("s3cret", tostring(secret))
  end)

  it("says which secret cannot be read", function()
    local ok, message = pcall(usher.secret.file, "/nowhere/key")
    assert.is_false(ok)
    assert.matches("/nowhere/key", message, 1, true)
    assert.has_error(function()
      usher.secret.env "USHER_SPEC_UNSET"
    end, "usher.secret.env: USHER_SPEC_UNSET is not set")
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
