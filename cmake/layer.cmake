# SPDX-License-Identifier: MIT
set(USHER_WARNINGS
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
  -Wold-style-definition -Wvla -Wundef -Wformat=2 -Wpointer-arith -Wcast-qual -Wwrite-strings)
set(USHER_SANITIZERS -fsanitize=${USHER_SANITIZE} -fno-sanitize-recover=undefined -fno-omit-frame-pointer)

# -U: some compilers define it by themselves, to another level.
set(USHER_HARDENING -fstack-protector-strong
  "$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:SHELL:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>")

# usher_layer(<folder> LAYERS <folders it may include> LIBRARIES <external targets>)
function(usher_layer name)
  cmake_parse_arguments(LAYER "" "" "LAYERS;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.c)
  # The modules' entry points belong to targets of their own.
  list(FILTER sources EXCLUDE REGEX "usher_(core|launch)\\.c$")
  add_library(usher_${name} STATIC ${sources})
  usher_compile_options(usher_${name})
  usher_see(usher_${name} ${name} ${LAYER_LAYERS})
  foreach(layer IN LISTS LAYER_LAYERS)
    target_link_libraries(usher_${name} PUBLIC usher_${layer})
  endforeach()
  target_link_libraries(usher_${name} PUBLIC ${LAYER_LIBRARIES})
endfunction()

function(usher_compile_options target)
  target_compile_options(${target} PRIVATE ${USHER_WARNINGS})
  if(USHER_FUZZ)
    target_compile_options(${target} PRIVATE -Wno-error) # of clang: the other builds' compiler has had its say
  endif()
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
  if(USHER_SANITIZE)
    target_compile_options(${target} PRIVATE ${USHER_SANITIZERS})
    target_link_options(${target} PUBLIC ${USHER_SANITIZERS})
  endif()
  usher_harden(${target})
endfunction()

# What costs so little that it stays, where no sanitizer does more.
function(usher_harden target)
  if(NOT USHER_SANITIZE)
    target_compile_options(${target} PRIVATE ${USHER_HARDENING})
    target_link_options(${target} PUBLIC -Wl,-z,relro,-z,now)
  endif()
endfunction()

# Lets a target include the headers of the folders named. -iquote, not -I: a header of ours never hides a
# system header of the same name.
function(usher_see target)
  foreach(folder IN LISTS ARGN)
    target_compile_options(${target} PRIVATE "SHELL:-iquote \"${PROJECT_SOURCE_DIR}/src/${folder}\"")
  endforeach()
endfunction()
