-- SPDX-License-Identifier: MIT
local paths = require "spec.support.paths"
local core = require "usher.core"
local sorted = require "usher.config.sorted"
local temporary = require "spec.support.temporary"
local usher = require "usher"

describe("usher.crypto", function()
  it("is the core's", function()
    assert.are.equal(core.aead.seal, usher.crypto.seal)
    assert.are.equal(core.digest.sha256, usher.crypto.sha256)
    assert.are.equal(core.secret.equal, usher.crypto.equal)
  end)
end)

for _, module in ipairs { "crypto", "http" } do
  describe("usher." .. module, function()
    local source = temporary.read(("%s/lua/usher/%s.lua"):format(paths.root, module))
    local example = temporary.read(("%s/examples/%s.lua"):format(paths.root, module))

    for _, name in ipairs(sorted.keys(usher[module])) do
      it(("describes %s, and shows it in use"):format(name), function()
        assert.is_function(usher[module][name])
        assert.matches(("\n---@type fun%%([^\n]+\n%s.%s = "):format(module, name), source)
        assert.matches(("%%f[%%w]%s%%.%s%%f[^%%w_]"):format(module, name), example)
      end)
    end
  end)
end
