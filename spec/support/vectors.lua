-- SPDX-License-Identifier: MIT
-- Public test suites that lie beside the checkout; a user's clone does not have them.

local paths = require "spec.support.paths"
local cjson = require "cjson"
local core = require "usher.core"

local vectors = {}

--- Declares a case over one suite; without the suite the case says in its title that it was skipped.
---@param it function busted's
---@param title string
---@param name string the suite's file
---@param check fun(suite: table)
function vectors.it(it, title, name, check)
  local file = io.open(paths.vectors .. "/" .. name, "rb")
  if not file then
    it(title .. " (vectors absent: skipped)", function() end)
    return
  end
  local text = file:read "a"
  file:close()
  it(title, function()
    check(cjson.decode(text))
  end)
end

--- The bytes that a suite holds in base64.
---@param text string
---@return string
function vectors.bytes(text)
  return assert(core.encoding.base64_decode(text))
end

--- Every test of a Wycheproof suite with the group it belongs to.
---@param suite table
---@return fun(): table?, table? each test and its group
function vectors.wycheproof(suite)
  return coroutine.wrap(function()
    for _, group in ipairs(suite.testGroups) do
      for _, test in ipairs(group.tests) do
        coroutine.yield(test, group)
      end
    end
  end)
end

return vectors
