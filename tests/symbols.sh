#!/bin/sh
# symbols.sh LIBRARY...: what the libraries export is what the headers declare, and nothing else; and the
# library of operations can't take memory of a device: what a plan says is all that there is.
set -eu
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
for library; do
    name=$(basename "$library")
    name=${name%%.so*}
    header=include/${name#lib}.h
    # A declaration begins with CLCNN_API; the function's name is the word before the first "(".
    tr '\n' ' ' <"$header" | grep -o 'CLCNN_API [^;(]*(' | sed -n 's/.*[ *]\(clcnn_[a-z0-9_]*\)($/\1/p' |
        sort >"$work/declared"
    nm -D --defined-only "$library" | awk '{ print $NF }' | sed 's/@.*//' | sort >"$work/exported"
    if ! grep -q . "$work/declared" || ! diff "$work/declared" "$work/exported" >"$work/diff"; then
        echo "$library and $header differ (<: only declared, >: only exported):"
        cat "$work/diff"
        status=1
    fi
    [ "$name" = libclcnn ] || continue
    nm -D --undefined-only "$library" | awk '{ print $NF }' | sed 's/@.*//' | grep '^cl[A-Z]' >"$work/opencl"
    if ! grep -qx clEnqueueNDRangeKernel "$work/opencl" ||
        grep -E '^cl(Create.*(Buffer|Image|Pipe)|SVMAlloc|.*MemAlloc)' "$work/opencl"; then
        echo "$library must enqueue kernels, and take no memory of a device by the functions named above"
        status=1
    fi
done
exit $status
