#!/bin/sh
# Installs what is missing, builds with gcc and clang without a warning, and runs every test on
# PoCL, rusticl and Oclgrind, with the sanitizers, and from an installed copy. Prints what failed,
# ctest's closing lines and `N passed, N failed`. Arguments go to ctest: -R, -L and -E pick tests.
set -eu
cd "$(dirname "$0")/.."
. scripts/common.sh

# shellcheck disable=SC2086 # one word per package
install_missing $build_packages libcunit1-dev mesa-opencl-icd oclgrind clang libclang-rt-dev \
    python3-venv
# Formats differ between versions of clang-format, and a later Debian has only later ones.
if is_installed clang-format-14 || apt-cache show clang-format-14 >/dev/null 2>&1; then
    install_missing clang-format-14
else
    echo "clang-format-14 is not to be had here: the format of the sources is not checked"
    set -- -E '^format$' "$@"
fi

# Python's own reader of safetensors judges the checkpoints; it lives in build/ and is fetched once.
# Where it can't be had, the test that needs it fails and the others run.
if ! cmp -s tests/requirements.txt "$build/venv/requirements.txt"; then
    (
        step python-venv python3 -m venv "$build/venv"
        step python-packages "$build/venv/bin/pip" install --quiet -r tests/requirements.txt
        cp tests/requirements.txt "$build/venv/"
    ) || true
fi

step configure cmake -S . -B "$build" -DCLCNN_TESTS=ON -DCLCNN_WERROR=ON
step build cmake --build "$build" -j "$jobs"

# The implementations under test, in their own words. One that is missing fails its tests.
for implementation in pocl rusticl oclgrind; do
    sh tests/implementation.sh $implementation "$build/clcnn" devices 2>&1 |
        awk -v name="$implementation" '
            /^ *[0-9]+:[0-9]+ / && !device { sub(/^ *[0-9:]+ */, ""); sub(/ *<-.*/, ""); device = $0 }
            / driver / && !driver { driver = $0; sub(/.* driver /, "", driver) }
            END { print name ": " (device ? device ", driver " driver : "MISSING") }'
done

# Passing tests leave no line; a terminal sees where it is.
terminal=0
[ -t 1 ] && terminal=1
{
    status=0
    ctest --test-dir "$build" --output-on-failure --timeout 900 -j "$jobs" "$@" 2>&1 || status=$?
    echo "$status" >"$build/ctest.status"
} | tee "$logs/ctest.log" | awk -v terminal=$terminal '
    /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: .* Passed / || /^ *Start +[0-9]+: / {
        if (terminal) printf "\r\033[K%s\r", $0
        fflush()
        next
    }
    /^Internal ctest changing|^Test project / { next }
    { print (terminal ? "\r\033[K" : "") $0; fflush() }'

# "97% tests passed, 2 tests failed out of 61"
total=$(sed -n 's/^[0-9]*% tests passed, [0-9]* tests failed out of \([0-9]*\)$/\1/p' "$logs/ctest.log")
failed=$(sed -n 's/^[0-9]*% tests passed, \([0-9]*\) tests failed out of .*/\1/p' "$logs/ctest.log")
[ -n "$total" ] && [ "$total" -gt 0 ] || die "0 passed, 1 failed: ctest found nothing to run"
# What is skipped (PyTorch's cases, where it is not installed) is neither.
skipped=$(grep -c '^ *[0-9]*/[0-9]* Test .*\*\*\*Skipped' "$logs/ctest.log" || true)
[ "$skipped" -eq 0 ] || echo "$skipped skipped: a package that is not asked for is missing (see above)"
echo "$((total - failed - skipped)) passed, $failed failed"
exit "$(cat "$build/ctest.status")"
