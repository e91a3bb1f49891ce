#!/bin/sh
# Trains the presets on Fashion-MNIST as the README says and prints what each seed ends at:
#
#     sh bench/accuracy.sh [NET...]        all of them: about an hour on two cores
#
# SEEDS="1 2 3" and CLCNN=build/clcnn can be set. The accuracy is the last epoch's, on the test set;
# the time is that of training alone.
set -eu
cd "$(dirname "$0")/.."
clcnn=${CLCNN:-build/clcnn}
seeds=${SEEDS:-1 2 3}
messages=$(mktemp)
trap 'rm -f "$messages"' EXIT

# One line per preset: its options.
sgd="--optimiser sgd --momentum 0.9 --nesterov --weight-decay 5e-4 --schedule cosine --warmup 1 --flip"
options() {
    case $1 in
    mlp) echo "--epochs 10 --lr 0.003 --schedule cosine" ;;
    lenet5) echo "--epochs 15 --lr 0.003 --schedule cosine --warmup 1" ;;
    vgg-mini) echo "--epochs 6 --lr 0.05 $sgd" ;;
    resnet-mini) echo "--epochs 8 --lr 0.1 $sgd" ;;
    *)
        echo "accuracy.sh: $1 is none of mlp, lenet5, vgg-mini, resnet-mini" >&2
        return 2
        ;;
    esac
}

[ $# -gt 0 ] || set -- mlp lenet5 vgg-mini resnet-mini
for net; do
    options "$net" >/dev/null
done
for net; do
    words=$(options "$net")
    echo "clcnn train --net $net --data fashion-mnist $words"
    for seed in $seeds; do
        # shellcheck disable=SC2086 # options are words
        "$clcnn" train --net "$net" --data fashion-mnist --seed "$seed" --json $words 2>"$messages" |
            awk -v seed="$seed" -v words="$words" '
                function number(key,    found) {
                    found = match($0, "\"" key "\": *[0-9.eE+-]+")
                    return found ? substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) + 0 : -1
                }
                { accuracy = number("test_accuracy"); seconds += number("seconds"); epochs++ }
                END {
                    match(words, /--epochs [0-9]+/)
                    if (epochs != substr(words, RSTART + 9, RLENGTH - 9) + 0) exit 1
                    printf "    seed %s  test accuracy %.4f  %d epochs in %.0f s\n", seed,
                        accuracy, epochs, seconds
                }' || {
            echo "accuracy.sh: $net with seed $seed did not end its training" >&2
            tail -n 5 "$messages" >&2
            exit 1
        }
    done
done
