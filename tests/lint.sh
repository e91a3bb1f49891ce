#!/bin/sh
# Each kernel compiled alone by clang, as OpenCL C 1.2 without extensions, for 32-bit addresses
# without FMA and for 64-bit ones with it: once per tuning row, with that row's macros. A stray
# double, a narrowing conversion or a vendor's word fails. The first time OpenCL's header declares
# the built-in functions, the second time kernels/builtins.clh.
set -eu
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cpus=$(getconf _NPROCESSORS_ONLN)

# Macros that the host adds to the rows' own, with their values: program, macro, values. `values`
# is held against the host's sources below. Where no kernel of a program sees all its macros,
# PROGRAM:PART says which meet in one: each part is built with the file's own values of the others.
cat >"$work/values" <<'END'
conv2d_row:sums BLOCK 1 3 8
conv2d_row:sums SEGS 2 16
conv2d_row:gradients GRADIENTS 1 4
conv2d_tile FILTER 0 3 5
conv2d_tile STEP 0 1 2
conv2d_row:gradients FILTER 0 3 5
conv2d_row:gradients SPREAD 0 1
conv2d_row:sums STRIDE 0 1 2
conv2d_depthwise FILTER 0 3 5
conv2d_depthwise STRIDE 0 1 2
conv2d_depthwise CURVED 0 1
conv2d_gemm DIRECTION 0 1 2
conv2d_gemm FILTER 0 1 3 5
activation_direct KIND 0 1 2 3 4 5 6 7 8
add_direct CURVED 0 1
batchnorm_direct ACTIVATION 0 1 2
softmax_cross_entropy_direct GRADIENT 0 1
conv2d_direct CURVED 0 1
conv2d_row:sums CURVED 0 1
conv2d_dense CURVED 0 1
conv2d_point CURVED 0 1
conv2d_tile CURVED 0 1
conv2d_winograd CURVED 0 1
conv2d_winograd FUSED 0 1
conv2d_gemm CURVED 0 1
maxpool2d_rows WINDOW 0 2 3
maxpool2d_rows STRIDE 0 1 2
maxpool2d_rows VEC 4 8 16
avgpool2d_direct WINDOW 0 3
avgpool2d_direct STRIDE 0 1 2
avgpool2d_direct VEC 4 16
avgpool2d_direct ROWS 1
avgpool2d_direct COLUMNS 0 1
im2col_direct STRIDE 0 1 2
im2col_direct VEC 4 16
im2col_direct ROWS 1
im2col_direct COLUMNS 0 1
col2im_direct STRIDE 0 1 2
col2im_direct VEC 4 16
col2im_direct ROWS 1
col2im_direct COLUMNS 0 1
pad2d_direct VEC 4 16
pad2d_direct ROWS 1
pad2d_direct COLUMNS 0 1
adaptive_avgpool2d_direct VEC 4 16
adaptive_avgpool2d_direct ROWS 1
adaptive_avgpool2d_direct COLUMNS 0 1
adaptive_avgpool2d_global VEC 4 16
adaptive_avgpool2d_global ROWS 1
adaptive_avgpool2d_global COLUMNS 0 1
upsample2d_direct LINEAR 0 1
upsample2d_direct SCALE 0 2
upsample2d_direct VEC 4 16
upsample2d_direct ROWS 1
upsample2d_direct COLUMNS 0 1
END

compile() { # FILE FLAG...
    source=$1
    shift
    clang -x cl -cl-std=CL1.2 -Xclang -cl-ext=-all -Wall -Wextra -Wconversion \
        -Wdouble-promotion -Wno-unused-function -Werror -fsyntax-only -I kernels "$@" "$source"
}
if [ "${1-}" = --compile ]; then
    shift
    case $1 in
    kernels/*) declared='-DCLCNN_BUILTINS=1 -cl-no-stdinc -include opencl-c-base.h' ;;
    *) declared= ;; # the bench's own
    esac
    compile "$@" -target spir
    # shellcheck disable=SC2086 # words
    compile "$@" -target spir64 -DCLCNN_FMA=1 $declared
    exit
fi

fail() {
    echo "$*" >&2
    exit 1
}

# The compiler must see what it is here to see.
for line in 'x[0] = x[0] * 1.0;' 'x[0] = (float)(half)x[0];' 'x[0] = sub_group_reduce_add(x[0]);' \
    'int i = x[0]; x[i] = 1;'; do
    echo "__kernel void k(__global float *x) { $line }" >"$work/bad.cl"
    ! compile "$work/bad.cl" -target spir 2>/dev/null || fail "clang lets this pass: $line"
done
echo '__kernel void k(__global float *x) { x[0] = x[0] * 1.0f; }' >"$work/good.cl"
compile "$work/good.cl" -target spir || fail "clang refuses a right kernel"

# The host's macros and the list above are the same.
grep -oh '{"[A-Z][A-Z0-9_]*",' host/*.c | tr -d '{",' | sort -u >"$work/host"
cut -d' ' -f2 "$work/values" | sort -u >"$work/listed"
diff "$work/host" "$work/listed" || fail "macros in host/*.c (<) and in tests/lint.sh (>) differ"

# One line per program and set of macros: FILE FLAG... A macro that the program's text does not name
# changes nothing in it, and is left out: rows that differ in such macros alone are built once.
for tune in kernels/*.tune; do
    op=$(basename "$tune" .tune)
    awk -v op="$op" -v values="$work/values" '
        BEGIN {
            while ((getline line < values) > 0) {
                n = split(line, word, " ")
                list = word[3]
                for (i = 4; i <= n; i++)
                    list = list " " word[i]
                split(word[1], place, ":")
                if (!(word[1] in added))
                    parts[place[1]] = parts[place[1]] " " word[1]
                added[word[1]] = added[word[1]] word[2] ":" list ";"
            }
        }
        # Notes which words a program has, in its file and in those that it includes.
        function read_words(program, file,    path, line, word, n, i) {
            path = "kernels/" file
            while ((getline line < path) > 0) {
                if (line ~ /^#include "/) {
                    split(line, word, "\"")
                    read_words(program, word[2])
                }
                n = split(line, word, /[^A-Za-z0-9_]+/)
                for (i = 1; i <= n; i++)
                    named[program, word[i]] = 1
            }
            close(path)
        }
        # Appends every combination of the macros in `rest` to `flags`.
        function expand(program, flags, rest,    cut, head, n, value, i, name) {
            cut = index(rest, ";")
            if (!cut) {
                print program flags
                return
            }
            head = substr(rest, 1, cut - 1)
            name = substr(head, 1, index(head, ":") - 1)
            n = (program, name) in named ? split(substr(head, index(head, ":") + 1), value, " ") : 0
            if (n == 0)
                expand(program, flags, substr(rest, cut + 1))
            for (i = 1; i <= n; i++)
                expand(program, flags " -D" name "=" value[i], substr(rest, cut + 1))
        }
        { sub(/#.*/, "") }
        $1 == "algo" { columns = NF; for (i = 6; i <= NF; i++) macro[i] = $i; next }
        NF {
            if (NF != columns) { print "bad row in " FILENAME ": " $0 > "/dev/stderr"; exit 1 }
            flags = ""
            program = op "_" $1
            if (!(program in known)) {
                known[program] = 1
                read_words(program, program ".cl")
            }
            for (i = 6; i <= NF; i++)
                if ((program, macro[i]) in named)
                    flags = flags " -D" macro[i] "=" $i
            n = split(program in parts ? parts[program] : program, part, " ")
            for (k = 1; k <= n; k++)
                expand(program, flags, added[part[k]])
        }' "$tune"
done | sort -u >"$work/builds"

# Programs that no row knows: all their macros are the host's.
printf '%s\n' 'conv2d_shared -DVEC=8' \
    'maxpool2d_quads -DVEC=4' 'maxpool2d_quads -DVEC=8' 'maxpool2d_quads -DVEC=16' >>"$work/builds"

# A program is OP_ALGO.cl; every file in kernels/ must have come up.
status=0
for source in kernels/*.cl; do
    program=$(basename "$source" .cl)
    grep -q "^$program\( \|\$\)" "$work/builds" || fail "nothing builds $source"
done
sed 's,^\([^ ]*\),kernels/\1.cl,' "$work/builds" |
    xargs -P "$cpus" -L 1 sh "$0" --compile || status=1
# The bench's own kernels, with each width of its table.
for vec in 1 4 8 16; do
    sh "$0" --compile host/bench/probe.cl "-DVEC=$vec" || status=1
done
[ $status -eq 0 ] || fail "a kernel does not compile alone as OpenCL C 1.2"
echo "$(wc -l <"$work/builds") builds of $(ls kernels/*.cl | wc -l) kernel files, 2 ways each"
