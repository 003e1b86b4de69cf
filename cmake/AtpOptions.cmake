# One INTERFACE target carries what every translation unit shares: standard, warnings, sanitizer, include root.
set(ATP_SANITIZE "" CACHE STRING "Sanitizers for the whole build, e.g. address,undefined or thread")
option(ATP_WERROR "Treat warnings as errors" OFF)
option(ATP_FUZZ "Instrument everything for libFuzzer (clang only); see tests/fuzz/CMakeLists.txt" OFF)

if(ATP_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "ATP_FUZZ needs clang: -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++")
    endif()
    set(ATP_SANITIZE "fuzzer-no-link,address,undefined")
endif()

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # Linux interfaces: madvise, futex, fdatasync
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_C_FLAGS_RELEASE "-O2 -g") # asserts stay on in release
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g")

add_library(atp_options INTERFACE)
target_include_directories(atp_options INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>)
target_compile_definitions(atp_options INTERFACE _GNU_SOURCE)
target_compile_options(atp_options INTERFACE
    -Wall -Wextra -Wshadow -Wundef -fno-omit-frame-pointer -fPIC
    $<$<COMPILE_LANGUAGE:C>:-Wpedantic -Wconversion -Wstrict-prototypes -Wmissing-prototypes>
    $<$<COMPILE_LANG_AND_ID:C,Clang>:-Wno-c11-extensions>
    $<$<BOOL:${ATP_WERROR}>:-Werror>)
if(ATP_SANITIZE)
    target_compile_options(atp_options INTERFACE -fsanitize=${ATP_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(atp_options INTERFACE -fsanitize=${ATP_SANITIZE})
endif()
