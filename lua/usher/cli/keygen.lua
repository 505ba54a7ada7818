-- SPDX-License-Identifier: MIT
-- `usher keygen`: a new master key.

local exit = require "usher.cli.exit"
local master_key = require "usher.config.master_key"

local keygen = {}

function keygen.describe(command)
  command
    :argument("file", "A new file, made with mode 0600; without one: standard output.")
    :argname("FILE")
    :args "?"
end

function keygen.run(arguments)
  if arguments.file then
    local created, err = master_key.create(arguments.file)
    if not created then
      exit.complain(err.message)
      return exit.CONFIGURATION
    end
    return exit.OK
  end
  local text, err = master_key.generate()
  if not text then
    return exit.fail(err)
  end
  exit.print(text .. "\n")
  return exit.OK
end

return keygen
