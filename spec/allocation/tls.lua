-- SPDX-License-Identifier: MIT
-- A request over TLS to a listener with a certificate, which is read each time.
local core = require "usher.core"
local tls = require "spec.support.tls"

local BODY = ("b"):rep(40000) -- more than a record

local function handle(request)
  return { status = 200, body = request.body }
end

return function(folder)
  local authority = tls.authority(folder, "authority")
  local issued = authority:issue("server", "IP:127.0.0.1")
  return {
    perform = function()
      local certificate <close> = assert(core.tls.open(issued.certificate, issued.key))
      assert(certificate:expires_at() > 0)
      local listener <close> =
        assert(core.listener.open { host = "127.0.0.1", handler = handle, tls = certificate })
      local response = assert(core.transfer.perform {
        method = "POST",
        url = "https://" .. listener:address() .. "/",
        body = BODY,
        ca_file = authority.file,
        timeout_ms = 3000,
      })
      assert(response.body == BODY)
      listener:secure(nil)
    end,
  }
end
