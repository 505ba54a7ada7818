-- SPDX-License-Identifier: MIT
-- The small XML of providers' pushes, read by Expat: nested elements with texts. Attributes are passed over; whatever
-- else XML can do is refused, a document type above all, and with it every entity but the five.

local errors = require "usher.errors"
local lxp = require "lxp"

---@class usher.xml
local xml = {}

local MAX_DEPTH = 3
local MAX_BYTES = 64 * 1024

local function fail(message)
  return errors.fail("bad_request", message)
end

local function refuse(message)
  return function(parser)
    parser:getcallbacks().fault = message
    parser:stop()
  end
end

local function is_blank(text)
  return not text:find "[^ \t\r\n]"
end

-- An element with elements in it is a table of them; any other is its text.
local function value_of(element)
  local text = table.concat(element.texts)
  if not next(element.members) then
    return text
  end
  return is_blank(text) and element.members or nil
end

-- Callbacks that build `root`, an element with the document's one as its member.
local function builder(root)
  local stack = { root }
  local callbacks = { StartDoctypeDecl = refuse "a document type" }
  callbacks.ProcessingInstruction = refuse "a processing instruction"
  function callbacks.StartElement(parser, name)
    if #stack > MAX_DEPTH then
      return refuse "nested too deeply"(parser)
    elseif stack[#stack].members[name] then
      return refuse "an element twice"(parser)
    end
    stack[#stack].members[name] = ""
    table.insert(stack, { members = {}, texts = {} })
  end
  function callbacks.CharacterData(_, text)
    table.insert(stack[#stack].texts, text)
  end
  function callbacks.EndElement(parser, name)
    local value = value_of(table.remove(stack))
    if value == nil then
      return refuse "text beside elements"(parser)
    end
    stack[#stack].members[name] = value
  end
  return callbacks
end

--- Reads a document of at most 64 KiB of UTF-8, nested three deep at most, in which no element holds another twice.
---@param text string
---@return table<string, string|table>? root by the root element's name: its text, or its elements by name
---@return usher.Error? err bad_request
function xml.decode(text)
  if #text > MAX_BYTES then
    return fail "XML that is too long"
  elseif not utf8.len(text) then
    return fail "XML that is not UTF-8"
  end
  local root = { members = {}, texts = {} }
  local callbacks = builder(root)
  local parser = lxp.new(callbacks, nil, false)
  parser:setencoding "UTF-8"
  local ok, reason = parser:parse(text)
  if ok then
    ok, reason = parser:parse()
  end
  if not ok or callbacks.fault then
    return fail("no acceptable XML: " .. (callbacks.fault or reason))
  end
  return root.members
end

--- The texts in a document's root element; nil unless it has that name, and a text that is not empty for each of these.
---@param text string
---@param root string
---@param names string[]
---@return table<string, string>? members
function xml.members(text, root, names)
  local document = xml.decode(text)
  local members = document and document[root]
  if type(members) ~= "table" then
    return nil
  end
  for _, name in ipairs(names) do
    if type(members[name]) ~= "string" or members[name] == "" then
      return nil
    end
  end
  return members
end

local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&apos;" }

--- Writes elements in the order of a list: `{ { "AppId", "wx1" }, ... }`.
---@param name string of the root element
---@param elements {[1]: string, [2]: string}[] names and texts
---@return string
function xml.encode(name, elements)
  local parts = {}
  for index, element in ipairs(elements) do
    parts[index] = ("<%s>%s</%s>"):format(element[1], element[2]:gsub("[&<>\"']", ESCAPES), element[1])
  end
  return ("<%s>%s</%s>"):format(name, table.concat(parts), name)
end

return xml
