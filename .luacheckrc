-- SPDX-License-Identifier: MIT
std = "lua54"
max_line_length = 120
self = false
ignore = { "43[12]/self" } -- a method defined inside a constructor
files["spec"] = { std = "+busted" }
exclude_files = { "build", "build-*", "node_modules", "types" }
