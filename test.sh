#!/bin/sh
# ./test.sh: install what is missing, build with warnings as errors and with
# sanitizers, run every test, end with "N passed, N failed, N skipped".
set -eu
cd "$(dirname "$0")"

tools/install test
build=${CUSTOS_BUILD:-build/test}
[ -f "$build/build.ninja" ] || meson setup "$build" -Dwerror=true \
    -Db_sanitize=address,undefined -Db_lundef=false >/dev/null
ninja -C "$build"
exec python3 tools/run-tests "$build"
