---@meta usher.launch
-- SPDX-License-Identifier: MIT
-- A small C module of its own, for client commands: it loads none of the core's libraries.

---@class usher.launch
local launch = {}

---Replaces this process by a program, found along PATH, with one variable more in its environment. Returns only where
---that fails. SIGPIPE is for the program as it was when this module was loaded.
---@param words string[] the program and its arguments
---@param name string of the variable
---@param value string
---@return nil
---@return string reason
---@return boolean is_missing there is no such program
function launch.exec(words, name, value) end

return launch
