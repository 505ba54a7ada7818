-- SPDX-License-Identifier: MIT
-- A callback's parameters, as the URL and the form have them; the first byte says which.
local query = require "usher.model.query"

local FORM = { ["content-type"] = "application/x-www-form-urlencoded; charset=utf-8" }

local function check(parameters)
  for _, name in ipairs(parameters:names()) do
    local value, err = parameters:get(name)
    assert(value and value ~= "" and not value:find "%c" and utf8.len(value) or err.code == "bad_request")
  end
end

return function(bytes)
  local kind, text = bytes:sub(1, 1), bytes:sub(2)
  local request = { method = "POST", path = "/", query = text, headers = {}, body = "" }
  if kind == "f" then
    request.query, request.body, request.headers = "", text, FORM
  elseif kind == "b" then
    request.query, request.body = text:match "^([^&]*)&?(.*)$"
    request.headers = FORM
  end
  local parameters, err = query.of_request(request)
  if parameters then
    check(parameters)
  else
    assert(err.code == "bad_request")
  end
end
