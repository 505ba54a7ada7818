-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local child = require "spec.support.child"
local core = require "usher.core"
local temporary = require "spec.support.temporary"
local trust = require "usher.config.trust"

local IS_ROOT = core.identity.own() == 0
local SOMEBODY = 4711

describe("trust", function()
  local folder

  local function shell(command, ...)
    assert(os.execute(command:format(...)))
  end

  local function path(name)
    return folder .. "/" .. name
  end

  -- A file of that mode, and of somebody else where that is asked for.
  local function file(name, mode, uid)
    os.remove(path(name)) -- one of before that we may not write
    temporary.write(path(name), "s3cret")
    shell("chmod %s %s", mode, path(name))
    if uid then
      shell("chown %d %s", uid, path(name))
    end
    return path(name)
  end

  before_each(function()
    folder = temporary.folder()
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  -- A case that takes root, who can give files away.
  local function case_of_root(name, body)
    it(name, function()
      if IS_ROOT then
        body()
      end
    end)
  end

  describe("of a file", function()
    it("is there where it is ours, and nobody else may write it or its folder", function()
      for _, mode in ipairs { "600", "400", "644", "444" } do
        assert.is_nil(trust.file_fault(file("key", mode)))
      end
      assert.is_nil(trust.file_fault "/etc/passwd")
      assert.is_nil(trust.file_fault(path "missing"))
      assert.is_nil(trust.file_fault "/nowhere/at/all")
    end)

    it("is not there where others may change it", function()
      for _, mode in ipairs { "620", "602", "666" } do
        local fault = trust.file_fault(file("key", mode))
        assert.are.equal(("%s: others may change it (mode 0%s)"):format(path "key", mode), fault)
      end
    end)

    it("is not there where others may put another into its folder", function()
      local key = file("key", "600")
      for _, mode in ipairs { "770", "707", "777" } do
        shell("chmod %s %s", mode, folder)
        assert.matches(
          folder .. ": others may write in the folder (mode 0" .. mode,
          trust.file_fault(key),
          1,
          true
        )
      end
      shell("chmod 1777 %s", folder)
      assert.is_nil(trust.file_fault(key))
    end)

    case_of_root("is not there where it, its folder, or a link to it is somebody else's", function()
      local key = file("key", "600")
      assert.matches(
        "theirs: belongs to another user %(uid 4711%)",
        trust.file_fault(file("theirs", "600", SOMEBODY))
      )
      shell("ln -s %s %s && chown -h %d %s", key, path "link", SOMEBODY, path "link")
      assert.matches("link: belongs to another user", trust.file_fault(path "link"), 1, true)
      shell("mkdir %s && mv %s %s && chown %d %s", path "in", key, path "in/key", SOMEBODY, path "in")
      assert.matches("in: the folder belongs to another user", trust.file_fault(path "in/key"), 1, true)
    end)

    it("is that of what a link leads to as well", function()
      shell("ln -s %s %s", file("key", "606"), path "link")
      assert.matches("key: others may change it", trust.file_fault(path "link"), 1, true)
      shell("chmod 600 %s", path "key")
      assert.is_nil(trust.file_fault(path "link"))
      shell("mkdir -m 777 %s && mv %s %s", path "open", path "link", path "open/link")
      assert.matches("open: others may write in the folder", trust.file_fault(path "open/link"), 1, true)
    end)
  end)

  describe("of a secret's file", function()
    -- Its warnings, less those of other files.
    local function warnings_of(name)
      local found = {}
      for _, warning in ipairs(trust.warnings()) do
        if warning.fields.file == path(name) then
          table.insert(found, warning.event .. " " .. warning.reason)
        end
      end
      return found
    end

    it("lets it be read, and tells who else may", function()
      assert.are.equal("s3cret", trust.read_secret(file("key", "600")))
      assert.are.same({}, warnings_of "key")
      assert.are.equal("s3cret", trust.read_secret(file("key", "444")))
      local expected = "secret_exposed mode 0444 lets others at the secret; allowed: 0600"
      assert.are.same({ expected }, warnings_of "key")
      trust.read_secret(file("key", "400"))
      assert.are.same({}, warnings_of "key")
    end)

    it("keeps it unread where there is none", function()
      local bytes, reason = trust.read_secret(file("key", "602"))
      assert.is_nil(bytes)
      assert.matches("others may change it", reason, 1, true)
      bytes, reason = trust.read_secret(path "missing")
      assert.is_nil(bytes)
      assert.are.equal(path "missing" .. ": No such file or directory", reason)
    end)

    it("knows systemd's credentials, which a group may seem to read", function()
      local code = ([[
        local trust = require "usher.config.trust"
        print(trust.exposure %q, trust.exposure %q, trust.exposure %q)
      ]]):format(file("group", "440"), file("all", "444"), "/etc/passwd")
      local inside = child.run(code, { environment = { CREDENTIALS_DIRECTORY = folder .. "/." } })
      assert.matches("^nil\tmode 0444.*\tmode 0644", inside)
      local outside = child.run(code, { environment = { CREDENTIALS_DIRECTORY = "/etc" } })
      assert.matches("^mode 0440.*\tmode 0444.*\tmode 0644", outside)
    end)

    it("of code is told of", function()
      trust.note_code(file("code", "644"))
      assert.are.same({}, warnings_of "code")
      trust.note_code(file("code", "664"))
      assert.matches("^code_changeable what stands there runs here, and /.*mode 0664", warnings_of("code")[1])
    end)
  end)

  describe("of a socket's place", function()
    it("is there where the folder is ours alone to write", function()
      assert.is_nil(trust.socket_fault(path "x.sock"))
      assert.is_nil(trust.socket_fault "/x.sock")
      assert.is_nil(trust.socket_fault(path "missing/x.sock"))
    end)

    it("is not there where others may write, be it sticky", function()
      for _, mode in ipairs { "770", "1777" } do
        shell("chmod %s %s", mode, folder)
        assert.matches(
          folder .. ": others may write in the folder",
          trust.socket_fault(path "x.sock"),
          1,
          true
        )
      end
      shell("mkdir %s && ln -s %s %s", path "own", folder, path "own/link")
      assert.matches(folder .. ": others may write", trust.socket_fault(path "own/link/x.sock"), 1, true)
    end)

    case_of_root("is not there in somebody else's folder", function()
      shell("chown %d %s", SOMEBODY, folder)
      assert.matches("belongs to another user (uid 4711)", trust.socket_fault(path "x.sock"), 1, true)
    end)

    it("is not there where others may rename a folder above, and doubted where a group may", function()
      shell("mkdir -p %s && chmod 777 %s", path "open/own/too", path "open")
      local socket = path "open/own/too/x.sock"
      assert.matches(path "open" .. ": others may write in the folder", trust.socket_fault(socket), 1, true)
      shell("chmod 770 %s", path "open")
      assert.is_nil(trust.socket_fault(socket))
      local before = #trust.socket_warnings(path "x.sock")
      local warnings = trust.socket_warnings(socket)
      assert.are.equal(before + 1, #warnings)
      assert.are.equal("socket_replaceable", warnings[1].event)
      assert.matches("open: others may write in the folder (mode 0770)", warnings[1].reason, 1, true)
      shell("chmod 1777 %s", path "open")
      assert.is_nil(trust.socket_fault(socket))
      assert.are.equal(before, #trust.socket_warnings(socket))
    end)

    case_of_root("is not there where a folder above is somebody else's", function()
      shell("mkdir -p %s && chown %d %s", path "theirs/own", SOMEBODY, path "theirs")
      local fault = trust.socket_fault(path "theirs/own/x.sock")
      assert.matches("theirs: the folder belongs to another user (uid 4711)", fault, 1, true)
    end)
  end)
end)
