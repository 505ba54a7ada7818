-- SPDX-License-Identifier: MIT
-- The parser over the public suites; its own cases are in http_spec.lua.
require "spec.support.paths"
local requests = require "spec.support.requests"
local vectors = require "spec.support.vectors"

local CHUNKED_HEAD = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

describe("request parser over public suites", function()
  -- llhttp-request.json notes what a lenient flag turns on; usher sets none.
  vectors.it(it, "refuses the strict rejects of llhttp", "llhttp-request.json", function(suite)
    for _, case in ipairs(suite.cases) do
      if case.strict and case.expect == "reject" then
        local found, code = requests.parse { vectors.bytes(case.raw_b64) }
        assert.is_string(code, case.id .. " " .. case.title)
        assert.are.equal(0, #found, case.id)
      end
    end
  end)

  vectors.it(it, "refuses the rejects of http_parser", "http-parser-request.json", function(suite)
    for _, case in ipairs(suite.cases) do
      if case.expect == "reject" then
        assert.is_string(requests.code_of(vectors.bytes(case.raw_b64)), case.id .. " " .. case.title)
      end
    end
  end)

  -- Accepted there, refused here: folding, bytes above 127 in the target, several spaces between the parts.
  local STRICTER = { ["pico-req-04"] = true, ["pico-req-29"] = true, ["pico-req-33"] = true }

  vectors.it(it, "agrees with picohttpparser", "picohttpparser.json", function(suite)
    for _, case in ipairs(suite.cases) do
      local found, code = requests.parse { vectors.bytes(case.raw_b64) }
      local result = code and "reject" or (#found > 0 and "accept" or "incomplete")
      local expected = STRICTER[case.id] and "reject" or case.expect
      assert.are.equal(expected, result, case.id .. " " .. case.title)
    end
  end)

  vectors.it(it, "decodes picohttpparser's chunks", "picohttpparser.json", function(suite)
    for _, case in ipairs(suite.chunked_body_cases) do
      local found, code = requests.parse { CHUNKED_HEAD .. vectors.bytes(case.body_b64) .. "\r\n" }
      if case.expect == "reject" then
        assert.is_string(code, case.id)
      elseif found[1] then
        assert.are.equal(vectors.bytes(case.decoded_b64), found[1].body, case.id)
      end
    end
  end)

  for _, name in ipairs { "llhttp-request.json", "http-parser-request.json", "picohttpparser.json" } do
    vectors.it(it, "comes to one verdict for every split of " .. name, name, function(suite)
      for _, case in ipairs(suite.cases) do
        local bytes = vectors.bytes(case.raw_b64)
        requests.assert_same_for_every_split(bytes, case.id)
        -- Most accepts have no Host: with one they reach the body.
        requests.assert_same_for_every_split(
          (bytes:gsub("\r\n", "\r\nHost: a\r\n", 1)),
          case.id .. " with Host"
        )
      end
    end)
  end
end)
