#!/bin/sh
# The README's table of operations has one row for each operation of CMakeLists.txt, and no other;
# the algorithms that a row names are those of the operation's list in host/.
set -eu
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The words of set(CLCNN_OPS ...), which goes over several lines.
awk '/^set\(CLCNN_OPS / { inside = 1; sub(/^set\(CLCNN_OPS /, "") }
    inside { end = sub(/\).*/, ""); for (i = 1; i <= NF; i++) print $i; if (end) exit }' \
    CMakeLists.txt | sort >"$work/built"
# The table begins with its header and ends with the first line that is no row.
awk -F ' *[|] *' '/^[|] Operation [|]/ { inside = 1; getline; next }
    inside && !/^[|]/ { exit }
    inside { print $2 ":" $6 }' README.md >"$work/rows"
cut -d: -f1 "$work/rows" | sort >"$work/named"

[ -s "$work/built" ] || {
    echo "CMakeLists.txt lists no operations" >&2
    exit 1
}
diff "$work/built" "$work/named" || {
    echo "README.md's table of operations (>) is not CLCNN_OPS (<)" >&2
    exit 1
}

# Each operation's list: {"name", ...}. Operations that share conv2d's say so in host/internal.h.
status=0
while IFS=: read -r op named; do
    if [ "$named" = "as conv2d" ]; then
        grep -q "^#define clcnn__${op}_algos clcnn__conv2d_algos" host/internal.h && continue
    fi
    real=$(awk -v list="clcnn__${op}_algos[] = {" 'index($0, list) { inside = 1; next }
        inside && /^};/ { exit }
        inside && match($0, /^ *\{"[a-z]+"/) { gsub(/[^a-z"]/, "", $1); gsub(/"/, "", $1)
            printf "%s%s", separator, $1; separator = ", " }' "host/$op.c")
    [ "$named" = "$real" ] || {
        echo "README.md says $op has the algorithms '$named', not '$real'" >&2
        status=1
    }
done <"$work/rows"
exit $status
