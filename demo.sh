#!/bin/sh
# ./demo.sh: install what is missing, build, and run a whole small operator
# with an honest and a lying element.  Arguments go to `custos demo`: --once
# ends it after the table, --dir DIR says where.
set -eu
cd "$(dirname "$0")"

tools/install build
build=${CUSTOS_BUILD:-build/release}
[ -f "$build/build.ninja" ] || meson setup "$build" --buildtype=release \
    >/dev/null
echo "Building custos ..."
ninja -C "$build" src/cli/custos src/keeper/custos-keeper \
    src/gate/custos-gate src/auditor/custos-auditor src/sim/custos-sim \
    >"$build/ninja.log" 2>&1 || {
	cat "$build/ninja.log" >&2
	exit 3
}
exec "$build/src/cli/custos" demo --second test/interop/verify.py "$@"
