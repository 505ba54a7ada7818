-- SPDX-License-Identifier: MIT
local core = require "usher.core"
local errors = require "usher.errors"
local exit = require "usher.cli.exit"
local paths = require "spec.support.paths"

describe("exit", function()
  it("has the codes of the contract", function()
    for code, expected in pairs {
      unknown_account = 64,
      no_gateway = 69,
      internal = 70,
      awaiting_credential = 75,
      budget_exhausted = 75,
      temporarily_unavailable = 75,
      reauthorization_required = 77,
      unauthorized = 77,
      bad_configuration = 78,
    } do
      assert.is_table(core.errors[code])
      assert.are.equal(expected, exit.code_of { code = code }, code)
    end
  end)

  it("ends with 70 on a code it does not know", function()
    assert.are.equal(70, exit.code_of { code = "nonsense" })
  end)

  it("tells what does not start for ever from what does not now", function()
    for code, expected in pairs { bad_configuration = 78, store_locked = 78, no_space = 75, internal = 70 } do
      assert.are.equal(expected, exit.code_of_start(errors.new(code)), code)
    end
  end)

  it("tells each message of an error on a line of its own", function()
    local function told(err, translate)
      local stderr = io.stderr
      local file = assert(io.tmpfile())
      io.stderr = file -- luacheck: ignore 122/io
      exit.complain_of(err, translate)
      io.stderr = stderr -- luacheck: ignore 122/io
      file:seek "set"
      return file:read "a"
    end
    assert.are.equal("usher: one\n", told { message = "one" })
    assert.are.equal("usher: one\nusher: two?\n", told { message = "one", messages = { "one", "two\n" } })
    assert.are.equal("usher: ONE\n", told({ message = "one" }, string.upper))
  end)

  it("fails where the result cannot be written", function()
    local command = ("'%s/bin/usher' keygen 2>&1 >/dev/full; echo $?"):format(paths.root)
    local pipe = io.popen(command)
    local output = pipe:read "a"
    pipe:close()
    assert.are.equal("usher: standard output: No space left on device\n70\n", output)
  end)
end)
