-- SPDX-License-Identifier: MIT
-- The request by which the provider pushes a code. Pure.

local core = require "usher.core"

local push = {}

-- `spaced` is what is left of a bare `+` behind a proxy that read the query as a form.
local ENCODERS = {
  percent = core.encoding.percent_encode,
  raw = function(text)
    return text
  end,
  form = function(text)
    return (core.encoding.percent_encode(text):gsub("%%20", "+"))
  end,
  spaced = function(text)
    return (core.encoding.percent_encode((text:gsub("%+", " "))))
  end,
}

--- How the sender may write `clientId`.
push.encodings = { "percent", "raw", "form", "spaced" }

--- The `state` of every push: MD5 of the API key in lower-case hex.
---@param api_key string
---@return string
function push.state_of(api_key)
  return core.encoding.hex_encode(core.digest.md5(api_key))
end

---@class usher.simulator.push.options
---@field callback string URL of the receiver
---@field method "GET"|"POST"
---@field client_id string
---@field client_id_encoding "percent"|"raw"|"form"|"spaced"
---@field api_key string

--- The request that pushes `code`.
---@param options usher.simulator.push.options
---@param code string
---@return usher.core.transfer.Request
function push.request(options, code)
  local url = ("%s%scode=%s&clientId=%s&state=%s"):format(
    options.callback,
    options.callback:find("?", 1, true) and "&" or "?",
    core.encoding.percent_encode(code),
    ENCODERS[options.client_id_encoding](options.client_id),
    push.state_of(options.api_key)
  )
  return { method = options.method, url = url, body = options.method == "POST" and "" or nil }
end

return push
