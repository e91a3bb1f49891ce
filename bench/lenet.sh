#!/bin/sh
# lenet.sh [ROUNDS]: training LeNet-5 on Fashion-MNIST at batch 128, clcnn against PyTorch on the same
# machine. The two take turns, because a machine's speed drifts, and each gets as many threads as
# there are cores. Prints every epoch's images per second, then best and median of each.
#
# The machine should have nothing else to do: PyTorch's threads wait for each other actively.
# Needs build/clcnn (scripts/demo.sh), and the packages python3-torch and dataset-fashion-mnist.
set -eu
cd "$(dirname "$0")/.."
rounds=${1:-3}
epochs=2
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CLCNN_BENCH_THREADS=$(getconf _NPROCESSORS_ONLN)
export CLCNN_BENCH_THREADS

# The kernels are compiled before the clock starts: PyTorch's are too.
build/clcnn train --data fashion-mnist --epochs 1 --json >/dev/null 2>"$work/err" || {
    cat "$work/err" >&2
    exit 1
}
round=1
while [ "$round" -le "$rounds" ]; do
    build/clcnn train --data fashion-mnist --net lenet5 --batch 128 --epochs $epochs --json \
        2>"$work/err" | sed -n 's/.*"images_per_second": *\([0-9]*\).*/\1/p' >"$work/now"
    sed "s/^/round $round  clcnn    /" "$work/now"
    cat "$work/now" >>"$work/clcnn"
    /usr/bin/python3 bench/peers/lenet_torch.py $epochs >"$work/now"
    sed "s/^/round $round  pytorch  /" "$work/now"
    cat "$work/now" >>"$work/pytorch"
    round=$((round + 1))
done

for name in clcnn pytorch; do
    sort -n "$work/$name" | awk -v name=$name '
        { value[NR] = $1 }
        END {
            if (!NR) { print name " gave no result"; exit 1 }
            median = NR % 2 ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2
            printf "%-8s best %6.0f  median %6.0f images/s, %d epochs\n", name, value[NR], median, NR
        }'
done
