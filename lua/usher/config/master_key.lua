-- SPDX-License-Identifier: MIT
-- The key that seals the store: 32 bytes, in base64 wherever it is written. Reads and makes key files.

local core = require "usher.core"
local errors = require "usher.errors"
local trust = require "usher.config.trust"

local master_key = {}

local KEY_BYTES = 32
local MAX_FILE_BYTES = 256
local FILE_MODE = 384 -- 0600
local FOLDER_MODE = 448 -- 0700

local function fail(message)
  return errors.fail("bad_configuration", message)
end

--- The key from its base64 text, with or without a newline.
---@param text usher.core.Secret|string
---@param where string named in the message
---@return usher.core.Secret? key
---@return usher.Error? err bad_configuration
function master_key.parse(text, where)
  local secret = type(text) == "string" and core.secret.new(text) or text
  local line <close> = secret:without_newline()
  local key = core.secret.from_base64(line)
  if not key then
    return fail(where .. ": not base64; allowed: 32 bytes in base64, as `usher keygen` writes them")
  elseif #key ~= KEY_BYTES then
    return fail(("%s: %d bytes instead of %d"):format(where, #key, KEY_BYTES))
  end
  return key
end

--- A new key as text.
---@return string? text base64
---@return usher.Error? err
function master_key.generate()
  local bytes, err = core.random.bytes(KEY_BYTES)
  return bytes and core.encoding.base64_encode(bytes), err
end

--- Writes a new key to a new file, 0600.
---@param path string
---@return true? done
---@return usher.Error? err exists, permission, ...
function master_key.create(path)
  local text, err = master_key.generate()
  if not text then
    return nil, err
  end
  return core.file.create(path, text .. "\n", FILE_MODE)
end

-- core.file's messages name the path.
local function unreadable(err)
  return err.code == "not_found" and err or errors.new("bad_configuration", err.message)
end

--- The key in a file, which nobody but its owner may be able to read, and nobody else have put there.
---@param path string
---@return usher.core.Secret? key
---@return usher.Error? err bad_configuration; not_found
function master_key.read(path)
  local exposure = trust.exposure(path)
  local fault = exposure and path .. ": " .. exposure or trust.file_fault(path)
  if fault then
    return fail(fault)
  end
  local text <close>, err = core.secret.from_file(path, MAX_FILE_BYTES)
  if not text then
    return nil, unreadable(err)
  end
  return master_key.parse(text, path)
end

--- Where the next key lies while a rotation has not ended.
---@param path string of the present key's file
---@return string
function master_key.next_path(path)
  return path .. ".new"
end

--- Puts the next key in the place of the present one, durably.
---@param path string of the present key's file
---@return true? done
---@return usher.Error? err
function master_key.replace(path)
  local replaced, err = core.file.rename(master_key.next_path(path), path)
  if replaced then
    core.file.sweep(path:match "^(.*)/" or ".")
  end
  return replaced, err
end

--- Where the gateway's key lies: the file that USHER_MASTER_KEY_FILE names, or `<state dir>/master.key`.
---@param settings { master_key?: usher.core.Secret, master_key_file?: string, state_dir: string }
---@return string? path nil: the key is a variable's
function master_key.path(settings)
  if settings.master_key then
    return settings.master_key_file
  end
  return settings.state_dir .. "/master.key"
end

local function exists(path)
  local status, err = core.file.status(path)
  return status ~= nil or err.code ~= "not_found"
end

local function make(path, state_dir, store_path, is_dry)
  if exists(store_path) then
    return fail(("%s: missing, while the store is there: put back the key that sealed it"):format(path))
  elseif is_dry then
    return master_key.parse(assert(master_key.generate()), path)
  end
  local made, err = core.file.make_directory(state_dir, FOLDER_MODE)
  if made then
    made, err = master_key.create(path)
  end
  if not made then
    return fail(err.message)
  end
  return master_key.read(path)
end

--- The gateway's key: the variable's, else that of `<state dir>/master.key`, which is made where neither it nor the
--- store exists.
---@param settings { master_key?: usher.core.Secret, state_dir: string }
---@param store_path string
---@param is_dry? boolean nothing is made: a key that is missing is one of the moment
---@return usher.core.Secret? key
---@return usher.Error? err bad_configuration
function master_key.load(settings, store_path, is_dry)
  if settings.master_key then
    return master_key.parse(settings.master_key, "USHER_MASTER_KEY")
  end
  local path = master_key.path(settings)
  local key, err = master_key.read(path)
  if not key and err.code == "not_found" then
    return make(path, settings.state_dir, store_path, is_dry)
  end
  return key, err
end

return master_key
