#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds, runs every test: bash tests/run.sh [PRESET [ctest options]]
# PRESET: release (the default), debug, asan, tsan.
set -euo pipefail
cd "$(dirname "$0")/.."

# A clone elsewhere, or another build folder, finds what ccache has seen.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

preset=${1:-release}
shift || true
step() { printf '\n== %s\n' "$*"; }

step "packages"
bash etc/install-packages.sh build test
step "configure ($preset)"
cmake --preset "$preset" >/tmp/tocsin-configure.$$ || { cat /tmp/tocsin-configure.$$; exit 1; }
rm -f /tmp/tocsin-configure.$$
step "build ($preset)"
targets=()
[ "$preset" != tsan ] || targets=(--target threads_tests)
cmake --build --preset "$preset" "${targets[@]}"
step "test ($preset)"
# Machines are shared: what fails is run again, up to twice, and every run is shown.
ctest --test-dir "build/$preset" --output-on-failure --no-tests=error --repeat until-pass:3 -j "$(nproc)" "$@"
