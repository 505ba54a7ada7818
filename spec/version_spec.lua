-- SPDX-License-Identifier: MIT
local paths = require "spec.support.paths"

describe("version", function()
  it("is the build's", function()
    local file <close> = assert(io.open(paths.root .. "/CMakeLists.txt"))
    assert.are.equal(file:read("a"):match "project%(usher VERSION ([%d.]+)", require "usher.version")
  end)
end)
