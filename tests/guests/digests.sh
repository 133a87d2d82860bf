#!/usr/bin/env bash
# The state at the shell prompt of Debian's kernel must be the same in every run with the same options, and on both engines.
#
#     tests/guests/digests.sh [RUNS] [TICKS] [HARTS...]      default: 20 runs, 800000000 ticks, 1 and 4 harts
#
# TICKS is where the runs end: the shell waits at its prompt there. No modules are loaded, to get there soon. Needs what make-initramfs.sh
# makes; takes some minutes. By hand, not in CI.
set -euo pipefail
cd "$(dirname "$0")/../.."

runs=${1:-20} ticks=${2:-800000000}
harts=("${@:3}")
[ ${#harts[@]} -gt 0 ] || harts=(1 4)
cache=tests/guests/cache
failed=0

# Output and digest of a run on an engine.
boot() {
  node dist/lib/cli/main.js run "$cache/kernel/Image" --initrd "$cache/initramfs.cpio.gz" --append 'console=ttyS0 cryptomgr.notests quiet hindsight.modules=no' \
    --smp "$1" --engine "$2" --max-ticks "$ticks" --pace fast --quiet --stats - </dev/null || [ $? -eq 4 ]
}

for count in "${harts[@]}"; do
  digests=()
  for ((run = 1; run <= runs; run++)); do
    # The interpreter is slow: every tenth run.
    engine=auto
    [ $((run % 10)) -ne 1 ] || engine=interpret
    output=$(boot "$count" "$engine")
    case $output in *'/ # '*) ;; *) echo "harts $count, run $run ($engine): no prompt after $ticks ticks"; failed=1 ;; esac
    digests+=("$(sed -n 's/.*"stateDigest":"\([0-9a-f]*\)".*/\1/p' <<<"$output")")
  done
  different=$(printf '%s\n' "${digests[@]}" | sort -u | wc -l)
  echo "harts $count: $runs runs, $different digest(s): $(printf '%s\n' "${digests[@]}" | sort | uniq -c | tr -s ' \n' ' ')"
  [ "$different" -eq 1 ] || failed=1
done
exit $failed
