#!/bin/sh
# implementation.sh NAME COMMAND...: runs the command with one OpenCL implementation in sight, and
# with no other that could stand in for it: the tests take CLCNN_TEST_DEVICE or fail. `device` is the
# one that the user names, CLCNN_TEST_DEVICE being set already, among all that are installed.
set -eu
name=$1
shift
[ "$name" = device ] || CLCNN_TEST_DEVICE=$name
export CLCNN_TEST_DEVICE="${CLCNN_TEST_DEVICE:?names the device that is tested}"
unset CLCNN_TUNE # a user's own rows are not what is tested
case $name in
device)
    exec "$@"
    ;;
pocl)
    OCL_ICD_VENDORS=pocl.icd exec "$@"
    ;;
rusticl)
    OCL_ICD_VENDORS=rusticl.icd RUSTICL_ENABLE=llvmpipe exec "$@"
    ;;
oclgrind)
    # The simulator takes the loader's place. What it has to say about a kernel fails the command,
    # but for the messages that oclgrind.supp explains away. Without optimisation, because its
    # tracking of uninitialised values knows no `freeze`, which clang's passes put in.
    here=$(cd "$(dirname "$0")" && pwd)
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    status=0
    # A test's buffers stay: see oclgrind/keep_buffers.c, which ctest names.
    CLCNN_TEST_SHORT=1 oclgrind --build-options -cl-opt-disable --data-races --uninitialized \
        --log "$log" sh -c \
        'LD_PRELOAD=${CLCNN_TEST_KEEP_BUFFERS:+$CLCNN_TEST_KEEP_BUFFERS:}$LD_PRELOAD exec "$@"' \
        sh "$@" || status=$?
    awk -v list="$here/oclgrind.supp" '
        BEGIN {
            while ((getline row < list) > 0)
                if (row !~ /^(#|$)/)
                    known[++rows] = row
            RS = ""
        }
        {
            message = $0
            gsub(/[ \t\n]+/, " ", message)
            for (i = 1; i <= rows; i++)
                if (message ~ known[i])
                    next
            if (++count <= 3)
                print "Oclgrind says: " $0
        }
        END {
            if (count > 3)
                print "Oclgrind says " count - 3 " things more."
            exit count > 0
        }' "$log" >&2 || status=1
    exit $status
    ;;
*)
    echo "implementation.sh: no implementation is called '$name'" >&2
    exit 2
    ;;
esac
