#!/bin/sh
# Every C and OpenCL C file is as clang-format 14 would write it (.clang-format).
set -eu
tool=$(command -v clang-format-14) || {
    echo "clang-format-14 is not installed" >&2
    exit 1
}
find include host kernels tests bench examples -name '*.[ch]' -o -name '*.cl' -o -name '*.clh' |
    sort | xargs "$tool" --dry-run -Werror
