-- SPDX-License-Identifier: MIT
-- What a provider answers: JSON of any kind through a script's classify and read_tokens to a token set. The first byte
-- chooses script and kind of request.
local errors = require("usher.core").errors
local interface = require "usher.provider.interface"
local json = require "usher.json"
local token_set = require "usher.model.token_set"

local SCRIPTS = {
  require "usher.provider.memories_ai",
  require "usher.provider.lark",
  require "usher.provider.dingtalk_suite",
  require "usher.provider.wechat_platform",
  (require "usher.provider.wecom_suite"),
}
local KINDS = { "exchange", "refresh", "derive" }
local STATUSES = { 200, 200, 200, 400, 401, 429, 500 }
local LIFETIMES = { access = 7200, refresh = 86400 }
local NOW = 1700000000

local function check_tokens(answer)
  local tokens, err = token_set.from_answer(answer, NOW, nil, LIFETIMES)
  if not tokens then
    assert(err.code == "bad_response")
    return
  end
  assert(type(tokens.access_token) == "string" and tokens.access_token ~= "")
  assert(math.type(tokens.expires_at) == "integer" and tokens.expires_at >= NOW)
  assert(type(tokens.refresh_token or "") == "string")
  assert(json.encode(tokens))
end

return function(bytes)
  local choice = bytes:byte() or 0
  local script = SCRIPTS[choice % #SCRIPTS + 1]
  local kind = KINDS[choice // #SCRIPTS % (script.derive and 3 or 2) + 1]
  local response = { status = STATUSES[choice % #STATUSES + 1], headers = {}, body = bytes:sub(2) }
  local class = script.classify(response, kind, {})
  assert(interface.CLASSES[class], class)
  local answer, err = script.read_tokens(response, {}, kind)
  if answer then
    check_tokens(answer)
  else
    assert(errors[err.code] and type(err.message) == "string")
  end
end
