---@meta usher.launch
-- SPDX-License-Identifier: MIT
-- A small C module of its own, for the command line: it loads none of the core's libraries.

---@class usher.launch
local launch = {}

---Opens on /dev/null what is closed of standard input, output and error: else a file or socket of ours would get its
---number.
---@return boolean done
function launch.open_standard() end

---Replaces this process by a program, found along PATH, with one variable more in its environment. Returns only where
---that fails. SIGPIPE is for the program as it was when this module was loaded.
---@param words string[] the program and its arguments
---@param name string of the variable
---@param value string
---@param removed? string the name of a variable that the program does not get
---@return nil
---@return string reason
---@return boolean is_missing there is no such program
function launch.exec(words, name, value, removed) end

return launch
