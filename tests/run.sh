#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh: one command that installs what is missing, builds the release and runs every test.
#
# Used by: people and .ci/run:  sh tests/run.sh [--build-only]
# Always:  - ends with ctest's closing lines, and with ctest's exit status;
#          - may be run again at any time: it does only what is left to do.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/support/setup.sh"

usage() {
  echo "usage: sh tests/run.sh [--build-only]" >&2
  exit 2
}

build_only=no
for argument in "$@"; do
  case "$argument" in
    --build-only) build_only=yes ;;
    *) usage ;;
  esac
done

clients='python3-redis python3-rq python3-celery ruby-sidekiq python3-yaml'  # users of Redis that are tested; yaml: for the alerts
client_packages=tests/clients/packages
set_up
if [ "$build_only" = yes ]; then exit 0; fi
exec ctest --test-dir "$root/build/release" --output-on-failure --parallel "$(nproc)" --output-log "$root/build/release/tests.log"
