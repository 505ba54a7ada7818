-- SPDX-License-Identifier: MIT
-- What the request parser makes of bytes, in one piece or in many.

local assert = require "luassert"
local core = require "usher.core"

local requests = {}

--- Feeds the pieces to a new parser.
---@param pieces string[]
---@param limits? table
---@return table[] requests all that came out
---@return string? code of the error that ended it
function requests.parse(pieces, limits)
  local parser <close> = core.http.parser(limits)
  local found = {}
  for _, piece in ipairs(pieces) do
    local request, err = parser:feed(piece)
    while request do
      table.insert(found, request)
      request, err = parser:feed ""
    end
    if err then
      return found, err.code
    end
  end
  return found, nil
end

--- The one request that the bytes are.
---@param bytes string
---@param limits? table
---@return table
function requests.parse_one(bytes, limits)
  local found, code = requests.parse({ bytes }, limits)
  assert.is_nil(code)
  assert.are.equal(1, #found)
  return found[1]
end

--- The code of the error that the bytes end with, nil where they are no error.
---@param bytes string
---@param limits? table
---@return string?
function requests.code_of(bytes, limits)
  local _, code = requests.parse({ bytes }, limits)
  return code
end

local function describe_request(request)
  local lines = { request.method, request.path, request.query, request.version, tostring(request.keep_alive) }
  local names = {}
  for name in pairs(request.headers) do
    table.insert(names, name)
  end
  table.sort(names)
  for _, name in ipairs(names) do
    table.insert(lines, name .. "=" .. request.headers[name])
  end
  table.insert(lines, request.body)
  return table.concat(lines, "\n")
end

-- Everything that came out, as one string.
local function verdict(pieces, limits)
  local found, code = requests.parse(pieces, limits)
  local parts = {}
  for _, request in ipairs(found) do
    table.insert(parts, describe_request(request))
  end
  table.insert(parts, code or "no error")
  return table.concat(parts, "\n--\n")
end

local function every_byte(bytes)
  local pieces = {}
  for index = 1, #bytes do
    pieces[index] = bytes:sub(index, index)
  end
  return pieces
end

--- Asserts that the verdict does not depend on how the bytes come: byte by byte, or cut in two anywhere.
---@param bytes string
---@param name string
---@param limits? table
function requests.assert_same_for_every_split(bytes, name, limits)
  local whole = verdict({ bytes }, limits)
  assert.are.equal(whole, verdict(every_byte(bytes), limits), name .. ", byte by byte")
  for cut = 1, #bytes - 1 do
    local split = verdict({ bytes:sub(1, cut), bytes:sub(cut + 1) }, limits)
    if split ~= whole then
      assert.are.equal(whole, split, name .. ", cut after byte " .. cut)
    end
  end
end

return requests
