#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# See Tocsin work, with no account anywhere: bash etc/demo.sh [--seconds N]
# Installs what is missing, builds, runs the daemon on etc/demo.yaml, and lets a made-up shop die and come
# back. Runs until Ctrl-C, or for N seconds.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=0
if [ "${1:-}" = --seconds ]; then seconds=${2:?--seconds needs a number}; fi
say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

say "1/4 packages"
bash etc/install-packages.sh build
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1  # what another folder has compiled is found
say "2/4 build (the first time takes a few minutes)"
cmake --preset release -DBUILD_TESTING=OFF -B build/demo | tail -n 1
cmake --build build/demo

state=$(mktemp -d)
shop= daemon=
clean_up() {
  trap - EXIT
  for pid in $daemon $shop; do kill "$pid" 2>/dev/null || true; done
  [ -z "$daemon" ] || wait "$daemon" 2>/dev/null || true
  rm -rf "$state"
}
trap clean_up EXIT
trap 'exit 0' INT TERM
open_shop() { perl etc/demo-shop.pl 8481 & shop=$!; }
pause() { sleep "$1" & wait $! || true; }

say "3/4 the shop opens; one look at it, without a daemon: tocsin probe shop"
open_shop
pause 0.5
kill -0 "$shop" 2>/dev/null || { echo "demo: port 8481 of this machine is taken; free it and try again" >&2; exit 1; }
build/demo/tocsin probe shop --config etc/demo.yaml

say "4/4 the daemon watches it: tocsin run --config etc/demo.yaml"
echo "   page and API: http://127.0.0.1:8480/      to stop: Ctrl-C"
echo "   it begins quietly, since all is UP; in a few seconds the shop dies"
STATE_DIRECTORY=$state build/demo/tocsin run --config etc/demo.yaml &
daemon=$!
pause 5
say "the shop dies now: its process is noticed at once, the rest after three looks"
kill "$shop"
pause 7
say "the shop opens again"
open_shop
pause 6
say "that was it: each check told its story in a thread of its own"
echo "   Still watching. Page and API: http://127.0.0.1:8480/      to stop: Ctrl-C"
if [ "$seconds" -gt 0 ]; then pause "$seconds"; else wait "$daemon" || true; fi
