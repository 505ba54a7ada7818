-- SPDX-License-Identifier: MIT
-- A provider script as small as one can be: `?key=KEY&code=CODE&who=SUBJECT`.

local errors = require "usher.errors"

local toy_provider = {}

--- A new script table, so that a spec may change it.
function toy_provider.new()
  local script = { name = "toy" }

  function script.account_key(config)
    return config.key
  end

  function script.request_key(request)
    local key = request.query:match "key=(%w+)"
    if not key then
      return errors.fail("bad_request", "no key")
    end
    return key
  end

  function script.read_callback(request, config)
    local code, who = request.query:match "code=(%w+)", request.query:match "who=(%w+)"
    if config.check_reply and not code then
      return { reply = config.check_reply }
    elseif not code then
      return errors.fail("bad_request", "no code")
    end
    return { credential = code, subject = who, valid_for = 600 }
  end

  return script
end

return toy_provider
