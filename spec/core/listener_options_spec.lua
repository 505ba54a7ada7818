-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local core = require "usher.core"

local function handler() end

-- Good options but for one value.
local function with(name, value)
  local options = { host = "127.0.0.1", handler = handler }
  options[name] = value
  return options
end

describe("listener options", function()
  for _, case in ipairs {
    { "host", 1, "listener.host: string expected, got number" },
    { "host", "127.0.0.1\0", "listener.host: holds a NUL" },
    { "path", "/tmp/s", "listener: either host or path expected" },
    { "port", -1, "listener.port: integer of 0 to 65535 expected" },
    { "port", 65536, "listener.port: integer of 0 to 65535 expected" },
    { "port", "http", "listener.port: integer of 0 to 65535 expected" },
    { "mode", 512, "listener.mode: integer of 0 to 511 expected" },
    { "handler", {}, "listener.handler: function expected, got table" },
    { "idle_timeout_ms", 0, "listener.idle_timeout_ms: integer of 1 to 2147483647 expected" },
    { "headers_timeout_ms", 1.5, "listener.headers_timeout_ms: integer of 1 to 2147483647 expected" },
    { "max_connections", 0, "listener.max_connections: integer of 1 to 2147483647 expected" },
    { "limits", { fields = 0 }, "limits.fields: integer of 1 to" },
    { "limits", 1, "table expected, got number" },
    { "error_body", "text", "listener.error_body: function expected, got string" },
    { "error_body", handler, "listener.error_body: must return a body and its content type" },
    {
      "error_body",
      function()
        return "body", "text\r\nX: y"
      end,
      "listener.error_body: not a content type",
    },
    {
      "error_body",
      function()
        error "its own fault"
      end,
      "its own fault",
    },
  } do
    local name, value, message = table.unpack(case)
    it(("refuse %s = %s"):format(name, tostring(value):gsub("%c", "?")), function()
      local ok, raised = pcall(core.listener.open, with(name, value))
      assert.is_false(ok)
      assert.matches(message, raised, 1, true)
    end)
  end

  it("have to say where, and what for", function()
    assert.has_error(function()
      core.listener.open { handler = handler }
    end, "listener: either host or path expected")
    assert.has_error(function()
      core.listener.open { host = "127.0.0.1" }
    end, "listener.handler: function expected")
    assert.has_error(function()
      core.listener.open()
    end)
  end)
end)
