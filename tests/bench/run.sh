#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh: leat and redis-server under the same loads, one after the other on this machine, beside the targets.
#
# Used by: people:  sh tests/bench/run.sh [ROW…]  (no row: all; what is measured goes into docs/performance.md)
#          CI, as a smoke test:  sh tests/bench/run.sh --quick
# Always:  - builds what it measures first, unless --broker names it; measures nothing while it builds.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
case " $* " in
  *" --broker"*) ;;
  *) . "$root/tests/support/setup.sh"
     set_up ;;
esac
exec python3 "$root/tests/bench/bench.py" "$@"
