#!/bin/sh
# peers.sh [BUILD]: fetches a newer oneDNN and PyTorch than Debian's and ONNX Runtime for `clcnn bench`,
# from PyPI into BUILD/newer (build/newer), and builds the peers onednn-new, pytorch-new and
# onnxruntime with them. Debian's stay as they are, and nothing else uses these. x86-64; Python 3.11
# to 3.14, which CLCNN_PYTHON names if python3 is another; 4.4 GB of disk and 2.6 GB to fetch,
# once: PyTorch from PyPI doesn't load without CUDA's libraries.
#
#     sh scripts/peers.sh
#     build/clcnn bench --suite conv --peers onednn,onednn-new,pytorch,pytorch-new,onnxruntime
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$root/build}
wanted=$root/scripts/peers-requirements.txt
mkdir -p "$build"
build=$(cd "$build" && pwd)
newer=$build/newer

if ! cmp -s "$wanted" "$newer/requirements.txt"; then
    "${CLCNN_PYTHON:-python3}" -m venv --clear "$newer" || { echo "peers.sh: needs python3-venv" >&2; exit 1; }
    # The list is complete: what a package says it needs besides is not loaded here.
    "$newer/bin/pip" install --quiet --no-deps --no-cache-dir --requirement "$wanted"
    cp "$wanted" "$newer/requirements.txt"
fi
cmake -S "$root" -B "$build"
cmake --build "$build" --target bench_onednn-new clcnn_tool
for peer in onednn-new pytorch-new onnxruntime; do
    said=$("$build/bench/peers/$peer" </dev/null)
    echo "$said"
    case $said in *'"missing"'*) exit 1 ;; esac
done
