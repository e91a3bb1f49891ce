#!/bin/sh
# intel.sh COMMAND...: runs the command with Intel's OpenCL runtime for CPUs, and no other one, in sight.
# It is fetched once, from PyPI into build/intel; the system's own loader and drivers stay as they are.
# It works on x86-64 processors of other makers as well.
#
#     sh scripts/intel.sh build/clcnn devices
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
runtime=$root/build/intel
[ $# -gt 0 ] || { echo "intel.sh: name the command that is to be run" >&2; exit 2; }

if [ ! -e "$runtime/vendors/intel.icd" ]; then
    python3 -m venv "$runtime" || { echo "intel.sh: needs python3-venv" >&2; exit 1; }
    "$runtime/bin/pip" install --quiet --requirement "$root/scripts/intel-requirements.txt"
    # It brings a loader with it, which must not stand in for the system's.
    rm -f "$runtime"/lib/libOpenCL.so*
    mkdir -p "$runtime/vendors"
    echo "$runtime/lib/libintelocl.so" >"$runtime/vendors/intel.icd.new"
    mv "$runtime/vendors/intel.icd.new" "$runtime/vendors/intel.icd"
fi
export OCL_ICD_VENDORS="$runtime/vendors/intel.icd"
export LD_LIBRARY_PATH="$runtime/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
exec "$@"
