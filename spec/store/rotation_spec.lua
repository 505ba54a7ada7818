-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"
local rotation = require "usher.store.rotation"
local sealer = require "usher.model.sealer"
local sqlite = require "usher.store.sqlite"
local temporary = require "spec.support.temporary"

local OLD, NEW = ("o"):rep(32), ("n"):rep(32)
local NOW = 1800000000
local ACCOUNTS = 40

local function name_of(number)
  return ("account-%02d"):format(number)
end

describe("a rotation of the master key", function()
  local folder, path

  before_each(function()
    folder = temporary.folder()
    path = folder .. "/usher.db"
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  local function with_store(key, body)
    local store = sqlite.new { path = path, key = key }
    local opened, err = store:open()
    if not opened then
      return nil, err
    end
    local result = body(store)
    store:close()
    return result
  end

  local function fill()
    assert(with_store(OLD, function(store)
      for number = 1, ACCOUNTS do
        local name = name_of(number)
        assert(store:offer(name, { credential = "c" .. number, received_at = NOW }))
        assert(store:commit(name, {
          epoch = 0,
          token_set = { access_token = "a" .. number, refresh_token = "r" .. number },
          spent_sequence = 1,
          now = NOW,
        }, 0))
      end
      return true
    end))
  end

  local function access_tokens(store)
    local tokens = {}
    for number = 1, ACCOUNTS do
      tokens[number] = assert(store:load(name_of(number))).token_set.access_token
    end
    return table.concat(tokens, " ")
  end

  local function rotate(key, others)
    return rotation.run { path = path, key = key, others = others }
  end

  local function in_files(text)
    local pipe <close> = io.popen(("grep -lF -e '%s' -r '%s'"):format(text, folder))
    return pipe:read "a" ~= ""
  end

  local function shell(command, ...)
    assert(os.execute(command:format(...)))
  end

  it("seals every record with the new key, and leaves nothing that the old one opens", function()
    fill()
    local before = with_store(OLD, access_tokens)
    assert.is_true(in_files("1." .. sealer.id_of(OLD)))
    assert.are.same({ records = 2 * ACCOUNTS, accounts = ACCOUNTS }, rotate(NEW, { OLD }))
    assert.is_false(in_files("1." .. sealer.id_of(OLD)))
    assert.are.equal(before, with_store(NEW, access_tokens))
    assert.are.equal("bad_seal", select(2, with_store(OLD, access_tokens)).code)
  end)

  it("still knows which credentials are spent", function()
    fill()
    assert(rotate(NEW, { OLD }))
    with_store(NEW, function(store)
      local sequence, err = store:offer(name_of(1), { credential = "c1", received_at = NOW })
      assert.is_nil(sequence)
      assert.are.equal("repeat", err.code)
    end)
  end)

  it("has nothing to do the second time", function()
    fill()
    assert(rotate(NEW, { OLD }))
    assert.are.same({ records = 0, accounts = ACCOUNTS }, rotate(NEW, { OLD }))
    assert.are.same({ records = 0, accounts = ACCOUNTS }, rotate(NEW, {}))
  end)

  it("does not begin with other keys than the store's", function()
    fill()
    local _, err = rotate(NEW, { ("x"):rep(32) })
    assert.are.equal("bad_seal", err.code)
    assert.is_string(with_store(OLD, access_tokens))
  end)

  it("does not begin where a record is damaged", function()
    fill()
    local database = assert(core.sqlite.open { path = path, application_id = sqlite.APPLICATION_ID })
    assert(
      database:transaction { { "UPDATE records SET version = version + 1 WHERE account = 'account-40'" } }
    )
    database:close()
    local _, err = rotate(NEW, { OLD })
    assert.are.equal("store_corrupt", err.code)
    assert.matches("of the account 'account-40' is damaged", err.message, 1, true)
    with_store(OLD, function(store)
      assert.are.equal("a1", store:load("account-01").token_set.access_token)
    end)
  end)

  it("lets nobody in while it removes the log", function()
    fill()
    local drop_log, answer = sqlite.drop_log, nil
    finally(function()
      sqlite.drop_log = drop_log
    end)
    function sqlite.drop_log(of)
      answer = child.run(
        ("print(select(2, require('usher.core').sqlite.open { path = %q, application_id = %d }).code)"):format(
          of,
          sqlite.APPLICATION_ID
        )
      )
      return drop_log(of)
    end
    assert(rotate(NEW, { OLD }))
    assert.are.equal("store_locked\n", answer)
    assert.is_nil(core.file.status(path .. "-wal"))
  end)

  it("is refused while somebody has the store, and where there is none", function()
    local _, err = rotate(NEW, { OLD })
    assert.are.equal("not_found", err.code)
    fill()
    with_store(OLD, function()
      _, err = rotate(NEW, { OLD })
      assert.are.equal("store_locked", err.code)
    end)
  end)

  it("half done takes both keys, and neither alone", function()
    fill()
    local before = with_store(OLD, access_tokens)
    shell("cp '%s' '%s.old'", path, path)
    assert(rotate(NEW, { OLD }))
    -- As if killed in between: the first header and one record are the old ones.
    local other = assert(core.sqlite.open { path = path .. ".old", application_id = sqlite.APPLICATION_ID })
    local rows = assert(other:transaction {
      { "SELECT sealed FROM header" },
      { "SELECT sealed FROM records WHERE account = 'account-07' AND field = 'tokens'" },
    })
    other:close()
    local database = assert(core.sqlite.open { path = path, application_id = sqlite.APPLICATION_ID })
    assert(database:transaction {
      { "INSERT INTO header (rowid, sealed) VALUES (1, $1)", params = { rows[1].rows[1][1] } },
      {
        "UPDATE records SET sealed = $1 WHERE account = 'account-07' AND field = 'tokens'",
        params = { rows[2].rows[1][1] },
      },
    })
    database:close()
    for _, key in ipairs { OLD, NEW } do
      assert.matches("has not ended", select(2, with_store(key, access_tokens)).message, 1, true)
    end
    local key_path = folder .. "/master.key"
    temporary.write(key_path, OLD)
    temporary.write(key_path .. ".new", core.encoding.base64_encode(NEW))
    shell("chmod 600 '%s' '%s.new'", key_path, key_path)
    local key = require("usher").secret.file(key_path)
    assert.are.equal(before, with_store(key, access_tokens))
    assert.are.same({ records = 1, accounts = ACCOUNTS }, rotate(NEW, { OLD }))
    assert.are.equal(before, with_store(NEW, access_tokens))
  end)
end)
