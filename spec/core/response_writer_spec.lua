-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"

describe("response writer", function()
  it("writes status, fields, length and body", function()
    local response = { status = 200, headers = { ["Content-Type"] = "text/plain" }, body = "ok" }
    assert.are.equal(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok",
      core.http.format_response(response, true)
    )
  end)

  it("says when the connection ends", function()
    local closed = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    assert.are.equal(closed, core.http.format_response({ status = 404 }, false))
    assert.are.equal(closed, core.http.format_response({ status = 404, close = true }, true))
  end)

  it("sends no content with 204 and 304", function()
    for status, reason in pairs { [204] = "No Content", [304] = "Not Modified" } do
      assert.are.equal(
        "HTTP/1.1 " .. status .. " " .. reason .. "\r\n\r\n",
        core.http.format_response({ status = status, body = "x" }, true)
      )
    end
  end)

  it("refuses fields that would change the message", function()
    local fields = {
      ["X"] = "a\r\nSet-Cookie: b",
      ["X-A"] = "a\nb",
      ["X-B"] = "a\0b",
      ["X\r\nY"] = "a",
      ["X:"] = "a",
      [""] = "a",
      ["X Y"] = "a",
      ["content-length"] = "5",
      ["Transfer-Encoding"] = "chunked",
      ["CONNECTION"] = "close",
      ["Date"] = "now",
    }
    for name, value in pairs(fields) do
      local ok, message =
        pcall(core.http.format_response, { status = 200, headers = { [name] = value } }, true)
      assert.is_false(ok, name)
      assert.matches("cannot be sent", message, 1, true)
    end
  end)

  it("raises on what is no response", function()
    for _, response in ipairs {
      {},
      { status = 99 },
      { status = 100 },
      { status = 600 },
      { status = 200.5 },
      { status = 200, body = 5 },
      { status = 200, headers = "x" },
      { status = 200, headers = { "x" } },
      { status = 200, headers = { x = 5 } },
    } do
      assert.is_false(pcall(core.http.format_response, response, true))
    end
  end)

  it("raises where a finalizer changes the headers while they are read", function()
    -- From here on every new object collects all garbage, and each collection adds a header.
    local output = child.run [[
      local core = require "usher.core"
      local headers, count = { a = "1" }, 0
      local function litter()
        setmetatable({}, { __gc = function()
          count = count + 1
          headers["b" .. count] = "2"
          litter()
        end })
      end
      litter()
      collectgarbage("incremental", 1, 1000, 30)
      collectgarbage()
      local ok, message = pcall(core.http.format_response, { status = 200, headers = headers }, true)
      collectgarbage "stop"
      io.write(tostring(ok), " ", tostring(message))
    ]]
    assert.are.equal("false response.headers: changed while they were read", output)
  end)

  it("knows the status of every parser error", function()
    local statuses = {
      bad_request = 400,
      request_timeout = 408,
      body_too_large = 413,
      uri_too_long = 414,
      headers_too_large = 431,
      not_implemented = 501,
      bad_version = 505,
      io = 500,
    }
    for code, status in pairs(statuses) do
      assert.are.equal(status, core.http.status_of(code))
    end
    assert.has_error(function()
      core.http.status_of "unheard_of"
    end)
  end)
end)
