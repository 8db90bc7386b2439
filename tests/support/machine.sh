#!/usr/bin/env bash
# What tests need beside Python packages: Chromium, a Korean font, PostgreSQL's server programs, Node's npm.
# As root on a machine with apt it installs what is missing; otherwise it names the command. With CI=true a gap fails.
set -euo pipefail

missing=()
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
if command -v fc-list >/dev/null; then
  [ -n "$(fc-list :lang=ko family | head -n 1)" ] || missing+=(fonts-noto-cjk)
else
  missing+=(fontconfig fonts-noto-cjk)
fi
command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
command -v npm >/dev/null || missing+=(npm)
[ "${#missing[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing ${missing[*]} ..."
  export DEBIAN_FRONTEND=noninteractive
  if { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >/tmp/machine-$$.log 2>&1; then
    rm -f "/tmp/machine-$$.log"
    exit 0
  fi
  tail -n 5 "/tmp/machine-$$.log" >&2
fi
echo "This machine lacks: ${missing[*]}. Install them with: sudo apt-get install ${missing[*]}" >&2
echo "Without them the tests that need them are skipped, and say so." >&2
[ "${CI:-}" != true ]
