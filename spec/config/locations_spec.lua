-- SPDX-License-Identifier: MIT
local locations = require "usher.config.locations"

local function getenv_of(variables)
  return function(name)
    return variables[name]
  end
end

describe("locations.state_dir", function()
  for _, case in ipairs {
    {
      "systemd's",
      "/var/lib/usher",
      { STATE_DIRECTORY = "/var/lib/usher", XDG_STATE_HOME = "/x", HOME = "/h" },
    },
    { "the first of systemd's", "/var/lib/a", { STATE_DIRECTORY = "/var/lib/a:/var/lib/b" } },
    { "XDG's", "/x/usher", { XDG_STATE_HOME = "/x", HOME = "/h" } },
    { "the home's", "/h/.local/state/usher", { HOME = "/h" } },
    { "the home's where XDG's is relative", "/h/.local/state/usher", { XDG_STATE_HOME = "x", HOME = "/h" } },
    { "the home's where others are empty", "/h/.local/state/usher", { STATE_DIRECTORY = "", HOME = "/h" } },
    { "none without any", nil, {} },
  } do
    it("is " .. case[1], function()
      assert.are.equal(case[2], locations.state_dir(getenv_of(case[3])))
    end)
  end
end)

describe("locations.api_listen", function()
  for _, case in ipairs {
    {
      "systemd's",
      "unix:/run/usher/usher.sock",
      { RUNTIME_DIRECTORY = "/run/usher", XDG_RUNTIME_DIR = "/x" },
    },
    { "XDG's", "unix:/run/user/1000/usher.sock", { XDG_RUNTIME_DIR = "/run/user/1000" } },
    { "the state folder's", "unix:/state/usher.sock", {} },
  } do
    it("is " .. case[1], function()
      assert.are.equal(case[2], locations.api_listen(getenv_of(case[3]), "/state"))
    end)
  end

  it("is none without any", function()
    assert.is_nil(locations.api_listen(getenv_of {}, nil))
  end)
end)
