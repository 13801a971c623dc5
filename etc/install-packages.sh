#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the packages of etc/packages.txt that are missing: etc/install-packages.sh build [test]
set -euo pipefail
cd "$(dirname "$0")"

wanted=()
for section in "$@"; do
  mapfile -t names < <(awk -v want="[$section]" '/^\[/ {on = ($0 == want); next} on && !/^#/ && NF' packages.txt)
  wanted+=("${names[@]}")
done

missing=()
for name in "${wanted[@]}"; do
  dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q '^install ok installed' || missing+=("$name")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "packages: all ${#wanted[@]} are installed"
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "packages: missing: ${missing[*]}; install them as root" >&2; exit 1; }
  as_root=(sudo)
fi
echo "packages: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
# A package that starts a service of its own (nginx, prometheus) must not do so because of us.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
