-- SPDX-License-Identifier: MIT
-- Every code of the error list is made by something, and a spec shows by what: the list and this table are compared.
local paths = require "spec.support.paths"
local core = require "usher.core"
local temporary = require "spec.support.temporary"

-- Code -> the spec in which something real comes to it; where that says it in other words, those as well.
local REACHED = {
  address_in_use = { "core/listener_spec.lua" },
  awaiting_credential = { "gateway_spec.lua" },
  bad_address = { "core/listener_spec.lua" },
  bad_configuration = { "config/environment_spec.lua" },
  bad_encoding = { "core/encoding_spec.lua" },
  bad_json = { "json_spec.lua" },
  bad_key = { "core/aead_spec.lua" },
  bad_request = { "core/http_spec.lua" },
  bad_response = { "core/transfer_response_spec.lua" },
  bad_seal = { "core/aead_spec.lua" },
  bad_url = { "core/transfer_spec.lua" },
  bad_version = { "core/http_spec.lua" },
  body_too_large = { "core/http_spec.lua" },
  budget_exhausted = { "store/contract_spec.lua" },
  cancelled = { "c/transfer_resolver_test.c" },
  certificate = { "core/transfer_tls_spec.lua" },
  closed = { "store/contract_spec.lua" },
  conflict = { "store/contract_spec.lua" },
  connect_failed = { "gateway/reload_spec.lua" },
  connection_lost = { "core/transfer_response_spec.lua" },
  crypto = { "core/aead_spec.lua" },
  exists = { "core/file_spec.lua" },
  forbidden = { "provider/memories_ai_spec.lua" },
  guard = { "core/sqlite_spec.lua" },
  headers_too_large = { "core/http_spec.lua" },
  held = { "store/contract_spec.lua" },
  internal = { "core/listener_spec.lua", "answers 500 where the handler raises" },
  invalid_argument = { "core/aead_spec.lua" },
  io = { "core/file_spec.lua" },
  limit = { "core/file_spec.lua" },
  listen_failed = { "c/listen_failure_test.c" },
  method_not_allowed = { "api/api_spec.lua" },
  misdirected = { "api/guards_spec.lua" },
  no_gateway = { "client_spec.lua" },
  no_space = { "core/file_spec.lua", "no space left" },
  not_a_file = { "core/file_spec.lua" },
  not_found = { "core/file_spec.lua" },
  not_implemented = { "core/http_spec.lua" },
  out_of_memory = { "c/buffer_test.c" },
  permission = { "core/command_spec.lua" },
  reauthorization_required = { "keeper/rule_01_exchange_only_when_needed_spec.lua" },
  ["repeat"] = { "store/contract_spec.lua" },
  request_timeout = { "core/connection_spec.lua", "answers 408" },
  resolve_failed = { "core/transfer_spec.lua" },
  response_too_large = { "core/transfer_response_spec.lua" },
  store_corrupt = { "store/sqlite_spec.lua" },
  store_failed = { "c/sqlite_engine_test.c" },
  store_foreign = { "core/sqlite_spec.lua" },
  store_locked = { "core/sqlite_spec.lua" },
  temporarily_unavailable = { "api/accounts_spec.lua" },
  timeout = { "core/transfer_response_spec.lua" },
  tls_failed = { "core/transfer_tls_spec.lua" },
  too_many_files = { "core/file_spec.lua" },
  unauthorized = { "api/guards_spec.lua" },
  unknown_account = { "keeper/membership_spec.lua" },
  uri_too_long = { "core/http_spec.lua" },
}

local function says(text, code)
  return text:find(('"%s"'):format(code), 1, true) or text:find("USHER_ERROR_" .. code:upper() .. "%f[^%w_]")
end

describe("the error list", function()
  it("has no code that no spec reaches", function()
    for code in pairs(core.errors) do
      assert.is_true(code == "none" or REACHED[code] ~= nil, code)
    end
  end)

  for code, place in pairs(REACHED) do
    it("has " .. code .. ", reached by " .. place[1], function()
      assert.is_table(core.errors[code])
      local text = temporary.read(paths.root .. "/spec/" .. place[1])
      assert.truthy(place[2] and text:find(place[2], 1, true) or says(text, code))
    end)
  end
end)
