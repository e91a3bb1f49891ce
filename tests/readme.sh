#!/bin/sh
# The README's table of operations has one row for each operation of CMakeLists.txt, and no other;
# the algorithms and error classes that a row names are those of the operation's list in host/.
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
    inside { print $2 ":" $6 ":" $7 ":" $3 }' README.md >"$work/rows"
cut -d: -f1 "$work/rows" | sort >"$work/named"

[ -s "$work/built" ] || {
    echo "CMakeLists.txt lists no operations" >&2
    exit 1
}
diff "$work/built" "$work/named" || {
    echo "README.md's table of operations (>) is not CLCNN_OPS (<)" >&2
    exit 1
}

# Each operation's list is {"NAME", {{CLASS, constant}, {CLASS, constant}, ...}}, forward first, the
# algorithm that takes everything last. As the README says it: "NAME, NAME" and "CLASS; backward
# CLASS; NAME CLASS", the latter two where they differ. WITHOUT: an algorithm that takes nothing.
as_written() { # OPERATION CALLS WITHOUT
    awk -F '[][{}", ]+' -v list="clcnn__$1_algos[] = {" -v calls="$2" -v without="$3" '
        BEGIN {
            word["CLCNN_EXACT"] = "exact"; word["CLCNN_DOT"] = "dot product"; word["CLCNN_ULP"] = "ulp"
            word["CLCNN_NORMWISE"] = "norm-wise"
            word["CLCNN_NORMWISE_DOT"] = "norm-wise dot product"
        }
        index($0, list) { inside = 1; next }
        inside && /^};/ { exit }
        inside && /^ *[{]"/ && $2 != without { name[++n] = $2; forward[n] = word[$3]; backward[n] = word[$5] }
        END {
            for (i = 1; i <= n; i++) {
                names = names (i > 1 ? ", " : "") name[i]
                if (forward[i] != forward[n]) others = others "; " name[i] " " forward[i]
            }
            if (calls ~ /backward|conv2d/ && backward[n] != forward[n])
                others = "; backward " backward[n] others
            print names ":" forward[n] others
        }' "host/$1.c"
}

status=0
while IFS=: read -r op named class calls; do
    source=$op without=
    case $named in
    "as conv2d"*)
        grep -q "^#define clcnn__${op}_algos clcnn__conv2d_algos" host/internal.h && source=conv2d
        without=${named#as conv2d}
        without=${without#, but }
        ;;
    esac
    real=$(as_written "$source" "$calls" "$without")
    [ "$source" = "$op" ] || real="$named:${real#*:}"
    [ "$named:${class% (*}" = "$real" ] || { # but for a remark in brackets
        echo "README.md says $op has the algorithms and classes '$named:$class', not '$real'" >&2
        status=1
    }
done <"$work/rows"
exit $status
