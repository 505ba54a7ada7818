-- SPDX-License-Identifier: MIT
-- A token that a command prints, as JSON with the fields of RFC 6749, 5.1: `{"access_token": "...", "expires_in": 60}`.

local errors = require "usher.errors"
local json_request = require "usher.model.json_request"
local lifetime = require "usher.model.lifetime"
local values = require "usher.config.values"

local exec = {
  name = "exec",
  subject_key = false,
  keys = {
    command = { required = true, value = values.command },
    environment = { value = values.environment, is_hidden = true },
    timeout = { value = values.seconds },
  },
  policy = { rotates = false },
}

local PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

function exec.account_key()
  return false
end

function exec.request_key() end

function exec.read_callback()
  return errors.fail "forbidden"
end

function exec.own_credential()
  return "command"
end

function exec.exchange(config)
  local environment = { PATH = PATH }
  for name, value in pairs(config.environment or {}) do
    environment[name] = value
  end
  return { command = config.command, environment = environment, timeout = config.timeout }
end

function exec.refresh() end

function exec.classify(response)
  local exit = response.exit or {}
  if response.status ~= 200 then
    return "retryable",
      exit.signal ~= 0 and ("signal_%d"):format(exit.signal) or ("exit_%d"):format(exit.status)
  end
  return json_request.object(response.body) and "ok" or "retryable", "no_json"
end

function exec.read_tokens(response)
  local body = json_request.object(response.body)
  local seconds, err = lifetime.read(body.expires_in)
  if err then
    return nil, err
  end
  return { access_token = body.access_token, token_type = body.token_type, expires_in = seconds }
end

return exec
