-- SPDX-License-Identifier: MIT
-- Expected failures: tables of one shape, with a code from the core's one list.

local core = require "usher.core"

local errors = {}

--- An expected failure, to be returned after nil.
---@param code string a name of `core.errors`; another raises
---@param message? string for people, without secrets; default: the code's own
---@param fields? table further fields, e.g. `retry_after` in seconds
---@return usher.Error
function errors.new(code, message, fields)
  local err = core.failure(code, message)
  for name, value in pairs(fields or {}) do
    err[name] = value
  end
  return err
end

--- `nil, err` in one expression: `return errors.fail("bad_json", "not an object")`.
---@param code string
---@param message? string
---@param fields? table
---@return nil
---@return usher.Error
function errors.fail(code, message, fields)
  return nil, errors.new(code, message, fields)
end

return errors
