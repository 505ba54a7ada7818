-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"
local deferred = require "usher.config.deferred"
local temporary = require "spec.support.temporary"

describe("a deferred secret", function()
  local folder

  before_each(function()
    folder = temporary.folder()
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  it("in a file is read anew each time, less one newline", function()
    local secret = deferred.file(folder .. "/key")
    temporary.write(folder .. "/key", "s3cret\n\n")
    assert.are.equal("s3cret\n", secret:read():reveal())
    temporary.write(folder .. "/key", "other")
    assert.are.equal("other", secret:read():reveal())
  end)

  it("that cannot be read says which, and nothing secret", function()
    local secret, reason = deferred.file("/nowhere/key"):read()
    assert.is_nil(secret)
    assert.are.equal("the secret cannot be read: /nowhere/key: not found", reason)
    secret, reason = deferred.env("USHER_SPEC_UNSET"):read()
    assert.is_nil(secret)
    assert.are.equal("the environment variable USHER_SPEC_UNSET is not set", reason)
  end)

  it("of systemd is the file of that name in the folder of credentials", function()
    local code = [[
      local deferred = require "usher.config.deferred"
      local secret, reason = deferred.credential("api-key"):read()
      io.write(secret and secret:reveal() or reason)
    ]]
    temporary.write(folder .. "/api-key", "s3cret\n")
    assert.are.equal("s3cret", child.run(code, { environment = { CREDENTIALS_DIRECTORY = folder } }))
    assert.are.equal(
      "the credential api-key is not there: CREDENTIALS_DIRECTORY is not set",
      child.run(code, { before = "unset CREDENTIALS_DIRECTORY" })
    )
    assert.are.equal("secret(credential api-key)", tostring(deferred.credential "api-key"))
    for _, name in ipairs { "", "../key", "/etc/key" } do
      assert.has_error(function()
        deferred.credential(name)
      end)
    end
  end)

  it("that others could have put there is not read", function()
    temporary.write(folder .. "/key", "s3cret")
    assert(os.execute(("chmod 666 %s/key"):format(folder)))
    local secret, reason = deferred.file(folder .. "/key"):read()
    assert.is_nil(secret)
    assert.matches("^the secret cannot be read: .*/key: others may change it", reason)
  end)

  it("in a variable is overwritten there, and stays readable", function()
    local code = [[
      local deferred = require "usher.config.deferred"
      local secret = deferred.env "USHER_SPEC_KEY"
      io.write(secret:read():reveal(), " ", tostring(os.getenv "USHER_SPEC_KEY"), " ", secret:read():reveal())
    ]]
    assert.are.equal("k1 nil k1", child.run(code, { environment = { USHER_SPEC_KEY = "k1" } }))
  end)

  it("that is empty counts as not set", function()
    local code = [[io.write(tostring(require("usher.config.deferred").env("USHER_SPEC_KEY"):read()))]]
    assert.are.equal("nil", child.run(code, { environment = { USHER_SPEC_KEY = "" } }))
  end)

  it("of a file tells which", function()
    assert.are.equal("/run/key", deferred.path(deferred.file "/run/key"))
    for _, value in ipairs { deferred.env "NAME", core.secret.new "x", "/run/key" } do
      assert.is_nil(deferred.path(value))
    end
  end)

  it("is told from other values", function()
    local secret = deferred.env "USHER_SPEC_UNSET"
    assert.is_true(deferred.is(secret))
    assert.are.equal("secret(env USHER_SPEC_UNSET)", tostring(secret))
    for _, value in ipairs { "text", {}, core.secret.new "x" } do
      assert.is_false(deferred.is(value))
      assert.are.equal(value, deferred.resolve(value))
    end
  end)
end)
