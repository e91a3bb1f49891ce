# What demo.sh and test.sh share: installing what is missing, and steps that are quiet until they
# fail. POSIX sh, to be sourced from the root of the checkout.
#
# Nothing outside the checkout changes but the packages that are named when they are installed.
# That is why the drivers' kernel caches are moved into build/ as well: the user's own caches in
# the home folder stay as they are, and a second run still finds its kernels compiled.

export LC_ALL=C
export CC=gcc # both scripts share build/, and CMake keeps to the compiler that it met first
build=$PWD/build
logs=$build/log
mkdir -p "$logs" "$build/cache" "$build/tmp"
export XDG_CACHE_HOME="$build/cache"
export POCL_CACHE_DIR="$build/cache/pocl" MESA_SHADER_CACHE_DIR="$build/cache"
export TMPDIR="$build/tmp"
mkdir -p "$POCL_CACHE_DIR"
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

die() {
    echo "$*" >&2
    exit 1
}

# step NAME COMMAND...: silence, or the end of the log and the end of the script.
step() {
    step_name=$1
    shift
    step_status=0
    "$@" </dev/null >"$logs/$step_name.log" 2>&1 || step_status=$?
    [ "$step_status" -eq 0 ] && return
    {
        echo "$step_name failed (exit status $step_status). The end of build/log/$step_name.log:"
        tail -n 40 "$logs/$step_name.log"
    } >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_missing PACKAGE...: asks dpkg first, so that nothing is fetched when nothing is missing.
install_missing() {
    missing=
    for package; do
        is_installed "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    echo "Installing the packages$missing"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "These packages are missing, and neither root nor sudo is here to install them:$missing"
        sudo -v || die "sudo refused; these packages are missing:$missing"
    fi
    step apt-update as_root apt-get -q update
    # shellcheck disable=SC2086 # one word per package
    step apt-install as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y --no-install-recommends install $missing
}

# What a build of the libraries and the command takes, and PoCL, so that there is a device.
build_packages="gcc libc6-dev make cmake pkgconf ocl-icd-opencl-dev pocl-opencl-icd zlib1g-dev \
libjansson-dev dataset-fashion-mnist"
