-- SPDX-License-Identifier: MIT
-- Requests and answers of providers that speak JSON both ways. Pure.

local json = require "usher.json"

local json_request = {}

local function revealed(fields)
  local plain = {}
  for name, value in pairs(fields) do
    plain[name] = type(value) == "userdata" and value:reveal() or value
  end
  return plain
end

--- A POST of a JSON object.
---@param base string URL, with or without a `/` at its end
---@param path string
---@param fields table<string, any> secrets among them are revealed
---@return usher.core.transfer.Request
function json_request.post(base, path, fields)
  return {
    method = "POST",
    url = base:gsub("/+$", "") .. path,
    headers = { ["Content-Type"] = "application/json", Accept = "application/json" },
    body = json.encode(revealed(fields)),
  }
end

--- The object that a text is; nil where it is none.
---@param text string
---@return table<string, any>?
function json_request.object(text)
  local value = json.decode(text)
  return type(value) == "table" and value or nil
end

return json_request
