-- SPDX-License-Identifier: MIT
-- A store's record: bytes where a sealed text should be, and, sealed by us, where a record's JSON should be. The first
-- byte says which, and which record.
local core = require "usher.core"
local records = require "usher.store.records"
local sealer = require "usher.model.sealer"

local subject = sealer.new {
  key = core.secret.new(("k"):rep(32)),
  random = function(count)
    return ("n"):rep(count)
  end,
}
local SEALED = assert(subject:seal("acme", "tokens", 1, "{}"))

-- Whoever changes a byte of what was sealed, or takes it elsewhere, gets nothing.
local function check_seal(field, text)
  local opened, err = subject:open("acme", field, 1, text)
  if opened then
    assert(field == "tokens" and text == SEALED, "opened what nobody sealed")
  else
    assert(err.code == "bad_seal")
  end
end

local function check_record(field, text)
  local record, err = records.decode(field, text)
  if not record then
    assert(err.code == "store_corrupt")
    return
  end
  local encoded = records.encode(field, record)
  assert(not encoded or records.decode(field, encoded), encoded)
end

return function(bytes)
  local choice, text = bytes:byte() or 0, bytes:sub(2)
  local field = records.FIELDS[choice % #records.FIELDS + 1]
  if choice < 128 then
    check_record(field, text)
  else
    check_seal(field, text)
  end
end
