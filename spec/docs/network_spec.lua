-- SPDX-License-Identifier: MIT
-- The limits that docs/security.md tells of connections are those of the code.
require "spec.support.paths"
local listeners = require "usher.gateway.listeners"
local paths = require "spec.support.paths"
local temporary = require "spec.support.temporary"

local page = temporary.read(paths.root .. "/docs/security.md"):gsub("%s+", " ")
local options = temporary.read(paths.root .. "/src/bind/listener_options.c")
local parser = temporary.read(paths.root .. "/src/http/request_parser.c")

local function seconds_of(name)
  return tonumber(options:match('"' .. name .. '_timeout_ms", (%d+)')) // 1000
end

local function grouped(number)
  return (tostring(number):reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", ""))
end

local function says(sentence)
  assert.matches(sentence, page, 1, true)
end

describe("docs/security.md tells", function()
  it("the deadlines of connections", function()
    local headers = seconds_of "headers"
    says(("%d seconds for a handshake, %d for a header section, "):format(headers, headers))
    says(("%d for a body, %d without a request, "):format(seconds_of "body", seconds_of "idle"))
    says(("%d for a response"):format(seconds_of "write"))
  end)

  it("the sizes of requests", function()
    local line, headers, body = parser:match "default_limits = {(%d+), (%d+), %d+, (%d+)}"
    says(("line of %d KiB, a header section of %d KiB"):format(line // 1024, headers // 1024))
    says(("a body of %d KiB"):format(body // 1024))
  end)

  it("the numbers of connections", function()
    says(
      ("%s connections at most, of them %d from one"):format(
        grouped(listeners.MAX_CONNECTIONS),
        listeners.MAX_CONNECTIONS_PER_SOURCE
      )
    )
    says(("%s on a Unix socket"):format(grouped(listeners.MAX_LOCAL_CONNECTIONS)))
  end)

  it("how much a stranger has logged", function()
    local refusals = temporary.read(paths.root .. "/lua/usher/callback/refusals.lua")
    assert.are.equal("60", refusals:match "WINDOW_SECONDS = (%d+)")
    assert.are.equal("10", refusals:match "LINES_PER_WINDOW = (%d+)")
    says "ten lines a minute about refused callbacks"
  end)
end)
