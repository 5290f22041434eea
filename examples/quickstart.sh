#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# quickstart.sh: from a fresh Debian 12 to real clients at work on leat, with a crash half-way, in one command.
#
# Used by: people:  sh examples/quickstart.sh [--keep]
# Always:  - installs and builds only what is missing;
#          - exit status 0 means that every example verified its own claim; no process is left behind without --keep.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/support/setup.sh"

case "$*" in
  '' | --keep) ;;
  *) echo "usage: sh examples/quickstart.sh [--keep]" >&2; exit 2 ;;
esac

set_up
exec node "$root/examples/quickstart.mjs" "$@"
