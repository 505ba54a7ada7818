-- SPDX-License-Identifier: MIT
local suggestion = require "usher.config.suggestion"

describe("a suggestion", function()
  for _, case in ipairs {
    { "", "", 0 },
    { "key", "key", 0 },
    { "", "key", 3 },
    { "kee", "key", 1 },
    { "ky", "key", 1 },
    { "keyy", "key", 1 },
    { "kye", "key", 1 },
    { "listen", "silent", 4 },
    { "routse", "routes", 1 },
    { "abc", "xyz", 3 },
  } do
    it(("counts %d edits from %q to %q"):format(case[3], case[1], case[2]), function()
      assert.are.equal(case[3], suggestion.distance(case[1], case[2]))
      assert.are.equal(case[3], suggestion.distance(case[2], case[1]))
    end)
  end

  it("is the nearest key, first of the same table", function()
    local known = { "api.listen", "api.token", "callback", "callback.listen", "callback.tls.key" }
    assert.are.equal("callback.tls.key", suggestion.nearest("callback.tls.kee", known))
    assert.are.equal("callback.listen", suggestion.nearest("callback.listn", known))
    assert.are.equal("api.listen", suggestion.nearest("api.lisen", known))
    assert.are.equal("api.listen", suggestion.nearest("listen", known))
    assert.are.equal("callback", suggestion.nearest("calback", known))
  end)

  it("is none where nothing is known, and takes long words", function()
    assert.is_nil(suggestion.nearest("x", {}))
    assert.are.equal("a", suggestion.nearest(("x"):rep(100000), { "a" }))
  end)
end)
