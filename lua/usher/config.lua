-- SPDX-License-Identifier: MIT
-- What the gateway is told to be: read, checked, and turned into settings. Opens nothing.

local environment = require "usher.config.environment"

local config = {}

config.from_environment = environment.read
config.by_variable = environment.by_variable
config.misspelt = environment.misspelt

return config
