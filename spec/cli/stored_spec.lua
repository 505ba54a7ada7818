-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local errors = require "usher.errors"
local sqlite = require "usher.store.sqlite"
local memory = require "usher.store.memory"
local stored = require "usher.cli.stored"
local temporary = require "spec.support.temporary"

-- What is written to standard error, and the result.
local function caught(fn, ...)
  local stderr = io.stderr
  local file <close> = assert(io.tmpfile())
  io.stderr = file -- luacheck: ignore 122/io
  local result = fn(...)
  io.stderr = stderr -- luacheck: ignore 122/io
  file:seek "set"
  return result, file:read "a"
end

describe("a command over a store", function()
  it("works on a store in a file that is there", function()
    local folder = temporary.folder()
    finally(function()
      temporary.remove(folder)
    end)
    local store = sqlite.new { path = folder .. "/usher.db", key = ("k"):rep(32) }
    local origin, err = stored.origin { store = store }
    assert.is_nil(origin)
    assert.are.equal("not_found", err.code)
    assert(store:open())
    store:close()
    assert.are.equal(store.origin, stored.origin { store = store })
  end)

  it("refuses other stores, and hands errors on", function()
    for _, store in ipairs { memory.new {}, { open = function() end } } do
      assert.are.equal("bad_configuration", select(2, stored.origin { store = store }).code)
    end
    local err = errors.new "bad_configuration"
    assert.are.equal(err, select(2, stored.origin(nil, err)))
  end)

  it("fails like a gateway that does not start", function()
    local code, text = caught(stored.fail, errors.new("store_locked", "in use"))
    assert.are.same({ 78, "usher: in use\nusher: stop the gateway first\n" }, { code, text })
    code, text = caught(stored.fail, errors.new("no_space", "callback.listen: full"), "usher.lua")
    assert.are.same({ 75, "usher: callback.listen: full\n" }, { code, text })
    code, text = caught(stored.fail, errors.new("bad_configuration", "callback.listen: bad"))
    assert.are.same({ 78, "usher: USHER_CALLBACK_LISTEN: bad\n" }, { code, text })
  end)
end)
