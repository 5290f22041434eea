#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# torture.sh: the proof as a user runs it: kills, power cuts, failing calls and simulated worlds, and a table of what they found.
#
# Used by: people:  sh tests/torture.sh [ROUNDS] [MINUTES]     as many rounds of each (1000), but no longer than that (30)
# Always:  - what has no time left says so in the table, which is not a failure;
#          - ends with status 0 only if nothing that was acknowledged was lost, and shows what to run again if not.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
rounds=${1:-1000}
minutes=${2:-30}
seed=${LEAT_SEED:-$(date +%s)}
build=build/release
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
[ -x "$build/leat" ] || sh tests/run.sh --build-only

until=$(($(date +%s) + minutes * 60))
failed=0
table="$log/table"
printf '%-34s %-10s %8s  %s\n' test result seconds finding > "$table"

# What follows the name is run in what is left of the time, divided by how many are still to come.
left=5
try() {
  name=$1
  shift
  began=$(date +%s)
  share=$(((until - began) / left))
  left=$((left - 1))
  [ "$share" -gt 0 ] || share=1
  echo "torture: $name, at most $share s"
  status=0
  timeout "$share" "$@" > "$log/out" 2>&1 || status=$?
  case $status in
    0) result=kept ;;
    77) result=skipped ;;
    124) result="time up" ;;
    *) result=FAILED failed=1 && tail -n 20 "$log/out" ;;
  esac
  said=$(grep -E '^(crash|faults|power cut|simulation):' "$log/out" | grep -v 'check ' | tail -n 1 | cut -c 1-110 || true)
  printf '%-34s %-10s %8d  %s\n' "$name" "$result" $(($(date +%s) - began)) "$said" >> "$table"
}

try "kills and stops" python3 tests/crash/run.py --broker "$build/leat" --rounds "$rounds" --seed "$seed"
try "power cuts" python3 tests/faults/power_cut.py --broker "$build/leat" --disk "$build/tests/power_cut_disk" --rounds "$rounds" --seed "$seed"
try "failing calls" python3 tests/faults/run.py --broker "$build/leat" --library "$build/tests/failing_calls.so" --calls "$rounds" --seed "$seed"
try "flipped bits, shortened files" "$build/tests/test_commands" --gtest_filter='DamageTest*'
try "simulated worlds" env LEAT_SEED="$seed" LEAT_SEEDS=$((rounds * 10)) "$build/tests/test_simulation"

echo
cat "$table"
echo "torture: seed $seed, again: LEAT_SEED=$seed sh tests/torture.sh $rounds $minutes"
exit "$failed"
