-- SPDX-License-Identifier: MIT
-- What the compiler and the linker add to the modules, so that an error in C is less of a hole. Builds for sanitizers
-- and for coverage, which are not optimised, go without.
local child = require "spec.support.child"
local paths = require "spec.support.paths"

local function readelf(options, module)
  local path = ("%s/lib/usher/%s.so"):format(paths.build, module)
  local pipe <close> = assert(io.popen(("LC_ALL=C readelf %s %s"):format(options, child.quote(path))))
  return pipe:read "a"
end

describe("a module", function()
  if os.getenv "USHER_SANITIZED" or os.getenv "USHER_COVERAGE" then
    return
  end

  for _, module in ipairs { "core", "launch" } do
    it(module .. " binds its symbols at once, and then makes their table read-only", function()
      assert.matches("BIND_NOW", readelf("--dynamic", module), 1, true)
      assert.matches("GNU_RELRO", readelf("--program-headers", module), 1, true)
    end)

    it(module .. " has guards on its stack", function()
      assert.matches(" __stack_chk_fail@", readelf("--wide --dyn-syms", module), 1, true)
    end)
  end

  it("core checks what it writes into arrays", function()
    assert.matches(" __%w+_chk@", readelf("--wide --dyn-syms", "core"))
  end)
end)
