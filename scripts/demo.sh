#!/bin/sh
# From a fresh Debian machine to a trained network: installs what is missing, builds, and trains
# LeNet-5 on Fashion-MNIST on the best OpenCL device found. Arguments go to `clcnn train`.
# The last line is the result: test accuracy 0.xxxx
set -eu
cd "$(dirname "$0")/.."
. scripts/common.sh

# shellcheck disable=SC2086 # one word per package
install_missing $build_packages

# The tests need more packages: a new build folder leaves them out, test.sh's own keeps them.
if [ -f "$build/CMakeCache.txt" ]; then
    step configure cmake -S . -B "$build"
else
    step configure cmake -S . -B "$build" -DCLCNN_TESTS=OFF
fi
step build cmake --build "$build" --target clcnn_tool -j "$jobs"

exec "$build/clcnn" train "$@"
