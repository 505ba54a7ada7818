-- SPDX-License-Identifier: MIT
-- A token that somebody else keeps in a file, such as an API key: handed out as it stands there, and read anew when the
-- file changes.

local errors = require "usher.errors"
local values = require "usher.config.values"

local static = {
  name = "static",
  subject_key = false,
  keys = {
    file = { required = true, value = values.absolute_path },
    token_type = { value = values.printable },
  },
  policy = { rotates = false, lifetimes = { access = 24 * 3600 } },
}

function static.account_key()
  return false
end

function static.request_key() end

function static.read_callback()
  return errors.fail "forbidden"
end

function static.own_credential(config)
  return config.file
end

function static.watches(config)
  return config.file
end

function static.exchange(config)
  return { file = config.file }
end

function static.refresh() end

-- The file's one line.
local function token_in(response)
  return response.body:match "^%s*([\33-\126]+)%s*$"
end

function static.classify(response)
  return token_in(response) and "ok" or "retryable", "no_token"
end

function static.read_tokens(response, config)
  return { access_token = token_in(response), token_type = config.token_type }
end

return static
