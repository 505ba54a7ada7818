-- SPDX-License-Identifier: MIT
local config = require "usher.config"

describe("config", function()
  it("reads settings from the environment", function()
    local settings = assert(config.from_environment(function(name)
      return ({
        MEMORIES_API_KEY = "key-of-api",
        HOME = "/home/op",
        USHER_CALLBACK_LISTEN = "0.0.0.0:80",
        USHER_CALLBACK_PLAIN = "1",
      })[name]
    end))
    assert.are.equal("0.0.0.0:80", settings.callback.listen)
  end)

  it("says what is wrong", function()
    local settings, err = config.from_environment(function() end)
    assert.is_nil(settings)
    assert.are.equal("bad_configuration", err.code)
  end)
end)
