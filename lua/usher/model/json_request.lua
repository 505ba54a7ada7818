-- SPDX-License-Identifier: MIT
-- Requests and answers of providers that speak JSON both ways. Pure.

local form = require "usher.model.form"
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
---@param parameters? table<string, string> of the URL
---@return usher.core.transfer.Request
function json_request.post(base, path, fields, parameters)
  return {
    method = "POST",
    url = base:gsub("/+$", "") .. path .. (parameters and "?" .. form.encode(parameters) or ""),
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

--- A response that holds a JSON object.
---@param fields table
---@return usher.core.Response
function json_request.reply(fields)
  return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = json.encode(fields) }
end

--- A `classify` for answers that tell of errors by a number in their body, with HTTP 200.
---@param member string that holds the number; 0 or absent: no error
---@param classes table<string, integer[]> class -> numbers; others are retryable
---@param refusal? integer a status other than 200 that has a number as well, and is never without error
---@return fun(response: usher.core.transfer.Response): string, string? class, and the number
function json_request.classifier(member, classes, refusal)
  local class_of = { [0] = "ok" }
  for class, codes in pairs(classes) do
    for _, code in ipairs(codes) do
      class_of[code] = class
    end
  end
  return function(response)
    local status = response.status
    local body = (status == 200 or status == refusal) and json_request.object(response.body)
    local code = body and (body[member] or status == 200 and 0)
    if not code or code == 0 and status ~= 200 then
      return status == 429 and "budget" or "retryable"
    end
    return class_of[code] or "retryable", math.type(code) == "integer" and tostring(code) or "no_code"
  end
end

return json_request
