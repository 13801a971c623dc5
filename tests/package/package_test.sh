#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The Debian package: what is in it, that its unit is sound, and, as root, that it installs, keeps an
# administrator's changes, and goes away cleanly. package_test.sh BUILD_DIR
set -euo pipefail

build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
check() {  # check "what must hold" command…
  local what=$1
  shift
  if "$@" >"$work/out" 2>&1; then
    echo "ok: $what"
  else
    echo "FAILED: $what"
    sed 's/^/    /' "$work/out"
    failed=1
  fi
}
at_most() { awk -v is="$1" -v most="$2" 'BEGIN {exit !(is <= most)}'; }

(cd "$build" && cpack -B "$work" >"$work/cpack.log" 2>&1) || { cat "$work/cpack.log"; exit 1; }
deb=$(ls "$work"/tocsin_*.deb)
dpkg-deb -R "$deb" "$work/tree"

for file in usr/bin/tocsin etc/tocsin/tocsin.yaml usr/lib/systemd/system/tocsin.service usr/share/man/man1/tocsin.1.gz \
            usr/share/man/man5/tocsin.yaml.5.gz usr/share/doc/tocsin/copyright usr/share/doc/tocsin/examples/check-http.yaml; do
  check "the package has $file" test -s "$work/tree/$file"
done
check "the configuration is a conffile" grep -qx /etc/tocsin/tocsin.yaml "$work/tree/DEBIAN/conffiles"
check "the binary's libraries are dependencies" grep -q 'libcurl4.*libpoco\|libpoco.*libcurl4\|Depends:.*libcurl4' "$work/tree/DEBIAN/control"
check "databases' clients are suggested" grep -q '^Suggests:.*libpq5, libmariadb3' "$work/tree/DEBIAN/control"
check "and not demanded" bash -c "! grep -E '^(Pre-)?Depends:.*(libpq5|libmariadb3|libpocodatapostgresql|libpocodatamysql)' '$work/tree/DEBIAN/control'"
check "the shipped configuration is valid" "$work/tree/usr/bin/tocsin" check-config --no-secrets --config "$work/tree/etc/tocsin/tocsin.yaml"

unit=$work/tree/usr/lib/systemd/system/tocsin.service
sed "s#/usr/bin/tocsin#$work/tree/usr/bin/tocsin#" "$unit" >"$work/tocsin.service"
check "systemd-analyze verify is clean" bash -c "systemd-analyze verify --man=no '$work/tocsin.service' 2>&1 | tee /dev/stderr | (! grep -i tocsin)"
score=$(systemd-analyze security --offline=true "$unit" 2>/dev/null | sed -n 's/.*exposure level.*: \([0-9.]*\).*/\1/p')
check "the unit's exposure is at most 1.8 (it is $score)" at_most "$score" 1.8
for drop_in in "$work"/tree/usr/share/doc/tocsin/drop-ins/*.conf; do
  mkdir -p "$work/tocsin.service.d"
  cp "$drop_in" "$work/tocsin.service.d/"
  check "drop-in $(basename "$drop_in") verifies" bash -c "systemd-analyze verify --man=no '$work/tocsin.service' 2>&1 | tee /dev/stderr | (! grep -i tocsin)"
  rm -r "$work/tocsin.service.d"
done
for page in "$work"/tree/usr/share/man/man*/*.gz; do
  check "$(basename "$page") formats without a warning" bash -c "man -l --warnings '$page' 2>&1 >/dev/null | tee /dev/stderr | (! grep .)"
done

if [ "$(id -u)" -eq 0 ] && ! dpkg-query -W tocsin >/dev/null 2>&1 && [ ! -e /etc/tocsin ]; then
  check "it installs" dpkg -i "$deb"
  check "the installed program runs" tocsin --version
  echo "# mine" >>/etc/tocsin/tocsin.yaml
  check "it installs again over itself" dpkg -i --force-confdef "$deb"
  check "an administrator's change is kept" grep -qx '# mine' /etc/tocsin/tocsin.yaml
  check "it is removed" dpkg -r tocsin
  check "its program is gone then" test ! -e /usr/bin/tocsin
  check "the configuration stays after a removal" grep -qx '# mine' /etc/tocsin/tocsin.yaml
  check "it is purged" dpkg -P tocsin
  check "nothing is left after a purge" test ! -e /etc/tocsin
else
  echo "skipped: installing (needs root, and a machine without Tocsin)"
fi
exit "$failed"
