-- SPDX-License-Identifier: MIT
-- What the public suites say must be refused, on real sockets: no byte behind it is taken for a request, the answer is
-- the one of its status, and the connection ends. Over TCP, TLS and a Unix socket.
require "spec.support.paths"
local core = require "usher.core"
local peers = require "spec.support.peers"
local process = require "spec.support.process"
local replies = require "usher.callback.replies"
local temporary = require "spec.support.temporary"
local tls = require "spec.support.tls"
local torture = require "spec.support.torture"
local vectors = require "spec.support.vectors"

local CANARY = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"

-- Everything in the folder, one after the other. A server that does not end the connection holds it up.
local CONVERSE_ALL = [[for input in %s/*.in; do
  env -u LD_PRELOAD openssl s_client -quiet -connect %s <"$input" >"${input%%.in}.out" 2>/dev/null
done]]

-- Each of them, or every so manieth.
local function refused(suite, step)
  local cases = {}
  for index, case in ipairs(suite.cases) do
    if case.expect == "reject" and case.strict ~= false and index % (step or 1) == 0 then
      cases[case.id] = vectors.bytes(case.raw_b64)
    end
  end
  return cases
end

describe("a request that must be refused", function()
  local folder, seen

  local function listen(options)
    options.error_body = replies.body
    options.handler = function(request)
      table.insert(seen, request.path)
      return { status = 200 }
    end
    return peers.listen(options)
  end

  -- One or more answers, of which only the last is an error.
  local function assert_refusal(received, id)
    local head, body = received:match "(HTTP/1%.1 [45]%d%d .-\r\n)\r\n(.*)$"
    assert.is_string(head, id .. ": " .. received)
    assert.matches("\r\nConnection: close\r\n", head, 1, true)
    assert.are.equal((replies.body(tonumber(head:match " (%d+) "))), body, id)
    assert.not_matches("/smuggled", table.concat(seen, " "), 1, true)
  end

  local function ask_all(listener, cases)
    for id, bytes in pairs(cases) do
      local peer <close> = peers.connect(listener)
      assert_refusal(peer:send(bytes .. CANARY):receive_all(), id)
      assert.are.equal("closed", peer.ended)
    end
  end

  before_each(function()
    folder, seen = peers.folder(), {}
  end)

  for _, name in ipairs { "llhttp-request.json", "http-parser-request.json" } do
    vectors.it(it, "ends its connection on TCP: " .. name, name, function(suite)
      ask_all(listen {}, refused(suite))
    end)

    vectors.it(it, "ends its connection on a Unix socket: " .. name, name, function(suite)
      ask_all(listen { path = folder .. "/socket" }, refused(suite))
    end)

    vectors.it(it, "ends its connection over TLS: " .. name, name, function(suite)
      local issued = tls.authority(folder, "authority"):issue("server", "IP:127.0.0.1")
      local certificate <close> = assert(core.tls.open(issued.certificate, issued.key))
      local cases = refused(suite, torture.rounds(4, 1))
      for id, bytes in pairs(cases) do
        temporary.write(("%s/%s.in"):format(folder, id), bytes .. CANARY)
      end
      local address = listen({ tls = certificate }):address()
      process.run(folder, { "sh", "-c", CONVERSE_ALL:format(folder, address) })
      for id in pairs(cases) do
        assert_refusal(temporary.read(("%s/%s.out"):format(folder, id)), id)
      end
    end)
  end
end)
