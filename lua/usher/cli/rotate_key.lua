-- SPDX-License-Identifier: MIT
-- `usher rotate-key`: seals the store with a new master key, and puts the key in the old one's place where that is a
-- file. Killed, it is run again.

local description = require "usher.cli.description"
local core = require "usher.core"
local errors = require "usher.errors"
local exit = require "usher.cli.exit"
local master_key = require "usher.config.master_key"
local rotation = require "usher.store.rotation"
local stored = require "usher.cli.stored"

local rotate_key = {}

local NO_FILE = "the master key does not come from a file: make a new one with `usher keygen FILE`, and give it by"
  .. " --new-key FILE"

function rotate_key.describe(command)
  stored.describe(command)
  command
    :option(
      "--new-key",
      "The new key. Where the old one comes from is then left to you: put the new one there after."
    )
    :argname "FILE"
  command:epilog [[
Stop the gateway first. Without --new-key the old key must come from a file, which is replaced at the end by a new
one; until then that is beside it, named FILE.new. If it is interrupted, run it again: meanwhile the gateway takes
both keys. Copies of the store that were made before open with the old key only.]]
end

-- The key beside the present one: made now, or by a call that was interrupted.
local function next_key(path)
  local next_path = master_key.next_path(path)
  local made, err = master_key.create(next_path)
  if not made and err.code ~= "exists" then
    return errors.fail("bad_configuration", err.message .. "; to put the new key elsewhere: --new-key FILE")
  end
  return master_key.read(next_path)
end

local function new_key(path, origin)
  if path then
    return master_key.read(path)
  elseif not origin:key_file() then
    return errors.fail("bad_configuration", NO_FILE)
  end
  return next_key(origin:key_file())
end

local function tell(done, arguments, key_file)
  local where = arguments.new_key and "put the key of " .. arguments.new_key .. " in the old one's place now"
    or key_file .. " is the new key"
  exit.print(
    ("%d records of %d accounts sealed with the new key; %s\n"):format(done.records, done.accounts, where)
  )
end

local function rotate(arguments)
  local origin, err = stored.origin(description.load(arguments.config, true))
  local is_free, keys, key, done
  if origin then
    is_free, err = stored.is_free(origin)
  end
  if is_free then
    keys, err = origin:read_keys()
  end
  if keys then
    key, err = new_key(arguments.new_key, origin)
  end
  if key then
    done, err = rotation.run { path = origin.options.path, key = key, others = keys }
  end
  local placed = done
  if done and not arguments.new_key then
    placed, err = master_key.replace(origin:key_file())
  end
  if not placed then
    return nil, err
  end
  tell(done, arguments, origin:key_file())
  return true
end

function rotate_key.run(arguments)
  core.process.harden()
  local done, err = rotate(arguments)
  return done and exit.OK or stored.fail(err, arguments.config)
end

return rotate_key
