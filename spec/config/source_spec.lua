-- SPDX-License-Identifier: MIT
local source = require "usher.config.source"
local temporary = require "spec.support.temporary"

local function read(variables, files)
  return source.read("NAME", function(name)
    return variables[name]
  end, files and function(path)
    return files[path], files[path] == nil and "no such file" or nil
  end)
end

describe("source.read", function()
  it("takes the variable", function()
    assert.are.equal("value", read { NAME = "value" })
  end)

  it("counts an empty variable as unset", function()
    local value, reason = read { NAME = "", NAME_FILE = "" }
    assert.is_nil(value)
    assert.is_nil(reason)
  end)

  it("drops one newline at the end of a file", function()
    for bytes, value in pairs {
      ["v"] = "v",
      ["v\n"] = "v",
      ["v\n\n"] = "v\n",
      ["v\r\n"] = "v",
      ["\n"] = "",
      [""] = "",
    } do
      assert.are.equal(value, read({ NAME_FILE = "/f" }, { ["/f"] = bytes }))
    end
  end)

  it("refuses both at once", function()
    local value, reason = read({ NAME = "a", NAME_FILE = "/f" }, { ["/f"] = "b" })
    assert.is_nil(value)
    assert.are.equal("and NAME_FILE are both set: unset one", reason)
  end)

  it("says why a file cannot be read", function()
    local value, reason = read({ NAME_FILE = "/f" }, {})
    assert.is_nil(value)
    assert.are.equal("cannot be read through NAME_FILE: no such file", reason)
  end)
end)

describe("source.read_file", function()
  local folder

  before_each(function()
    folder = temporary.folder()
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  it("reads a file whole", function()
    temporary.write(folder .. "/f", "one\0two\n")
    assert.are.equal("one\0two\n", source.read_file(folder .. "/f"))
    temporary.write(folder .. "/empty", "")
    assert.are.equal("", source.read_file(folder .. "/empty"))
  end)

  it("refuses what is no reasonable file", function()
    temporary.write(folder .. "/large", ("x"):rep(65537))
    for name, reason in pairs { large = "larger than", missing = "No such file", [""] = "directory" } do
      local bytes, err = source.read_file(folder .. "/" .. name)
      assert.is_nil(bytes)
      assert.is_truthy(err:find(reason), err)
    end
  end)
end)
