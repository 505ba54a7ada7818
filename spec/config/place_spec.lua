-- SPDX-License-Identifier: MIT
local place = require "usher.config.place"

local TEXT = [==[
-- listen and kee stand in a comment, and "so --[[ on"
local name = "-- no comment" local tls = { kee = "k" }
--[[ listen
listen ]]
return usher.gateway {
  api = { listen = "unix:/x" },
  callback = {
    listen = 80, -- path
    ["odd-name"] = [[ -- listen ]],
  },
  accounts = {
    ["acme-1"] = a { api_key = "'" },
    bolt = a { api_key = '\'' }, unlisted = 1,
  },
}
]==]

describe("the place of", function()
  for what, case in pairs {
    ["a key inside of its table"] = { { "callback", "listen" }, 8 },
    ["a key of another table"] = { { "api", "listen" }, 6 },
    ["a key that stands elsewhere"] = { { "callback", "tls", "kee" }, 2 },
    ["a whole word"] = { { "listed" }, nil },
    ["a name in quotes"] = { { "callback", "odd-name" }, 9 },
    ["a key of an account"] = { { "accounts", "bolt", "api_key" }, 13 },
    ["a key of an account with a quoted name"] = { { "accounts", "acme-1", "api_key" }, 12 },
    ["a key that is missing, where its table stands"] = { { "accounts", "bolt", "client_id" }, 13 },
    ["an item, where its list stands"] = { { "callback", "odd-name", 2 }, 9 },
    ["what stands in comments only"] = { { "path" }, nil },
    ["nothing"] = { {}, nil },
  } do
    it(what, function()
      assert.are.equal(case[2], place.line(TEXT, case[1]))
    end)
  end

  it("what is after a string or comment without an end", function()
    for _, text in ipairs { '"\nkee', "'\\", "--[==[\nkee", "[[\nkee", "--kee" } do
      assert.has_no_error(function()
        place.line(text, { "kee" })
      end)
    end
    assert.are.equal(2, place.line('x = "\nkee = 1', { "kee" }))
    assert.is_nil(place.line("--[==[\nkee", { "kee" }))
  end)
end)

describe("a finding", function()
  it("is told after its own place, its key's, or the description's", function()
    local finding = { keys = { "callback", "listen" }, message = "callback.listen is wrong" }
    assert.are.equal("u.lua:8: callback.listen is wrong", place.tell(finding, "u.lua", TEXT))
    finding.keys = { "stor" }
    assert.are.equal("u.lua:5: callback.listen is wrong", place.tell(finding, "u.lua", TEXT))
    assert.are.equal("u.lua: callback.listen is wrong", place.tell(finding, "u.lua", ""))
    finding.place = "p.lua:3"
    assert.are.equal("p.lua:3: callback.listen is wrong", place.tell(finding, "u.lua", TEXT))
  end)
end)
