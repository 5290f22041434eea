#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh: leat and redis-server under the same loads, one after the other on this machine, as a table with ratios.
#
# Used by: people:  sh tests/bench/run.sh [ROW…]  (no row: all, and docs/performance.md is written anew)
#          CI, as a smoke test:  sh tests/bench/run.sh --quick
# Always:  - builds what it measures first; measures nothing while it builds.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/support/setup.sh"
set_up
exec python3 "$root/tests/bench/bench.py" "$@"
