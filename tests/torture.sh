#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# torture.sh: the proof as a user runs it: each row of the fault table in docs/durability.md, as often as you like.
#
# Used by: people:  sh tests/torture.sh [ROUNDS] [MINUTES]     as many rounds of each (1000), but no longer than that (30)
#                   sh tests/torture.sh 5000 600               a night of it
# Always:  - ends with a table: test, result, rounds, acknowledgements, seconds;
#          - what has no time left, or cannot be done on this machine, says so in the table, which is not a failure;
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
line() { printf '%-46s %-8s %7s %17s %8s\n' "$@"; }
line test result rounds acknowledgements seconds > "$table"

# How many, in the last line that says so: "crash: 20 of 50 kills, 9000 requests answered".
rounds_done() {
  sed -nE 's/([0-9]) of [0-9]+ /\1 /; s/^[^0-9]*([0-9]+) (kills|cuts|calls|seeds|tests?)([^a-z].*)?$/\1/p' "$log/out" | tail -n 1
}
acknowledgements() {
  sed -nE 's/.*[^0-9]([0-9]+) (acknowledgements|requests answered|answers)([^a-z].*)?$/\1/p' "$log/out" | tail -n 1
}

# What follows the name is run in what is left of the time, divided by how many are still to come.
left=9
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
    77) result=skipped && grep skipped "$log/out" ;;
    124) result="time up" ;;
    *) result=FAILED failed=1 && tail -n 20 "$log/out" ;;
  esac
  did=$(rounds_done)
  kept=$(acknowledgements)
  line "$name" "$result" "${did:-1}" "${kept:--}" $(($(date +%s) - began)) >> "$table"
}

leat="--broker $build/leat"  # two words, on purpose
# shellcheck disable=SC2086
{
  try "kills and stops, BullMQ among the clients" python3 tests/crash/run.py $leat --rounds "$rounds" --seed "$seed"
  try "power cuts under the binary" python3 tests/faults/power_cut.py $leat --disk "$build/tests/power_cut_disk" --rounds "$rounds" --seed "$seed"
  try "slow disk: 5 ms, 50 ms, now and then 2 s" python3 tests/faults/slow_disk.py $leat --library "$build/tests/slow_syncs.so" --seconds 5
  try "no disk, no folder, no memory" python3 tests/faults/run.py $leat --library "$build/tests/failing_calls.so" --calls 0
  try "one call fails: EIO, ENOSPC" python3 tests/faults/run.py $leat --library "$build/tests/failing_calls.so" --calls "$rounds" --seed "$seed"
  try "two brokers on one folder, one port" python3 tests/command_line.py $leat
}
try "flipped bits, shortened files" "$build/tests/test_commands" --gtest_filter='DamageTest*'
try "each call to the disk fails, or is the last" "$build/tests/test_wal" --gtest_filter='Fault.*:SnapshotFault.*'
try "simulated worlds: all of it, clocks that jump" env LEAT_SEED="$seed" LEAT_SEEDS=$((rounds * 10)) "$build/tests/test_simulation"

echo
cat "$table"
echo "torture: seed $seed, again: LEAT_SEED=$seed sh tests/torture.sh $rounds $minutes"
exit "$failed"
