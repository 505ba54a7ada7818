-- SPDX-License-Identifier: MIT
-- docs/refresh.md says of libcurl's codes, of the store's sizes and of the steps' files what the code says.

local errors = require "usher.errors"
local markdown = require "spec.support.markdown"
local outcome = require "usher.keeper.outcome"
local paths = require "spec.support.paths"
local temporary = require "spec.support.temporary"

local CODES_HEAD = "libcurl's code"

local function section_of(title)
  for _, section in ipairs(markdown.read "refresh.md") do
    if section.title == title then
      return section
    end
  end
  error("no section " .. title)
end

local function source(path)
  return temporary.read(paths.root .. "/" .. path)
end

-- The rows of the table as "code: unsent, unknown".
local function documented()
  local rows = {}
  for _, row in ipairs(markdown.rows(section_of "What libcurl says", CODES_HEAD)) do
    local code = row[1]:match "^`(.*)`$"
    if code then
      rows[code] = markdown.words(row[2])[1] .. ", " .. markdown.words(row[3])[1]
    end
  end
  return rows
end

-- The same as src/net has it: the list of codes, and which errors are of the time before the request.
local function implemented()
  local text = source "src/net/transfer_error.c"
  local before = {}
  for name in text:match("is_before_request.-\n}"):gmatch "USHER_ERROR_([%u_]+)" do
    before[name:lower()] = true
  end
  local rows = {}
  for prefix, code, name in text:gmatch "{(CU?R?L?O?D?E)_([%u%d_]+), USHER_ERROR_([%u_]+)}" do
    assert(prefix == "CURLE" or prefix == "CODE")
    name = name:lower()
    rows["CURLE_" .. code] = name .. ", " .. (before[name] and "connection_lost" or name)
  end
  rows.CURLE_OK = nil
  return rows
end

describe("docs/refresh.md", function()
  it("has each of libcurl's codes, as transfer_error.c has it", function()
    assert.are.same(implemented(), documented())
  end)

  it("is right that bytes decide: unsent before, unknown after", function()
    for code, names in pairs(documented()) do
      local before, after = names:match "^(.*), (.*)$"
      local unsent = outcome.of({}, "refresh", nil, errors.new(before, nil, { sent = false }), 0)
      local unknown = outcome.of({}, "refresh", nil, errors.new(after, nil, { sent = true }), 0)
      assert.are.same({ true, true }, { unsent.is_unsent, unsent.is_certain }, code)
      assert.are.same({ false, false }, { unknown.is_unsent or false, unknown.is_certain }, code)
    end
  end)

  it("has the sizes that the store has", function()
    local text = section_of("The steps").text
    local connection = source "src/store/sqlite_connection.c"
    local mebibytes = tonumber(connection:match "WAL_BYTES = (%d+) << 20")
    local chunk = tonumber(connection:match "FILE_CHUNK_BYTES = (%d+) << 20")
    local frames = tonumber(source("src/store/sqlite_connection.h"):match "CHECKPOINT_FRAMES = (%d+)")
    for _, words in ipairs {
      ("log is grown to %d MiB"):format(mebibytes),
      ("at %d pages of 4 KiB"):format(frames),
      ("has %d KiB free"):format(chunk * 1024 // 2),
      ("grows by %d MiB"):format(chunk),
    } do
      assert.is_truthy(text:gsub("%s+", " "):find(words, 1, true), words)
    end
    assert.is_true(frames * 4096 < mebibytes * 2 ^ 20 / 2)
  end)

  it("names files that exist", function()
    local count = 0
    for _, section in ipairs(markdown.read "refresh.md") do
      for path in section.text:gmatch "[%w_]+/[%w_/]+%.[%a]+" do
        local file = assert(io.open(paths.root .. "/" .. path), path)
        file:close()
        count = count + 1
      end
    end
    assert.is_true(count > 6)
  end)
end)
