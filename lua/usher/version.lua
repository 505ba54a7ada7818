-- SPDX-License-Identifier: MIT
-- The version, as in CMakeLists.txt.

return "0.1.0"
