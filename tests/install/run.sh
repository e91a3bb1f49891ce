#!/bin/sh
# run.sh BUILD: installs into an empty folder, moves the folder, and uses it from outside: with
# pkg-config, with find_package, from C++, and by the command that was installed.
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
expected='0 0 0 1 2 0.1.0 1'

cmake --install "$build" --prefix "$work/first" >"$work/log"
mv "$work/first" "$work/moved"
prefix=$work/moved
lib=$(dirname "$(find "$prefix" -name libclcnn.so)")
cp "$here/outside.c" "$here/CMakeLists.txt" "$work"
cd "$work"

check() {
    result=$("$2")
    [ "$result" = "$expected" ] || {
        echo "$1: expected '$expected', got '$result'"
        exit 1
    }
}

# shellcheck disable=SC2046 # flags are separate words
PKG_CONFIG_PATH=$lib/pkgconfig cc -Wall -Wextra -Werror -o by-pkg-config outside.c \
    $(PKG_CONFIG_PATH=$lib/pkgconfig pkg-config --cflags --libs clcnn_net) "-Wl,-rpath,$lib"
check pkg-config ./by-pkg-config

cmake -S . -B by-cmake -DCMAKE_PREFIX_PATH="$prefix" >>"$work/log" 2>&1 &&
    cmake --build by-cmake >>"$work/log" 2>&1 || {
    cat "$work/log"
    exit 1
}
check find_package by-cmake/outside

# shellcheck disable=SC2046 # flags are separate words
PKG_CONFIG_PATH=$lib/pkgconfig cc -Wall -Wextra -Werror -o example "$here/../../examples/conv2d.c" \
    $(PKG_CONFIG_PATH=$lib/pkgconfig pkg-config --cflags --libs clcnn) "-Wl,-rpath,$lib"
expected='45 54 81 90'
check examples/conv2d.c ./example

# The first program of the README is a program.
awk '/^```c$/ { inside = 1; next } /^```$/ && inside { exit } inside' "$here/../../README.md" >readme.c
grep -q clcnn_ctx_create readme.c
cc -Wall -Wextra -Werror -fsyntax-only -I "$prefix/include" readme.c

clang -x c++ -fsyntax-only -Wall -Wextra -Werror -I "$prefix/include" "$prefix/include/clcnn_net.h"

"$prefix/bin/clcnn" summary lenet5 | grep -q '61[, ]*706' || {
    echo "the installed command does not know lenet5"
    exit 1
}
