#!/usr/bin/env bash
# GDB with symbols on Debian's kernel: what tests/gdbstub/linux-gdb.test.ts does with the small kernel, with the one that people have.
#
#     tests/guests/gdb-debian.sh             all of it; brings the kernel's -dbg package first (1 GB, once)
#     tests/guests/gdb-debian.sh VMLINUX     with a vmlinux that is there already
#
# The same by hand:
#     hindsight run Image --initrd initramfs.cpio.gz --append 'console=ttyS0 nokaslr ...' --gdb --wait
#     gdb-multiarch VMLINUX -ex 'target remote :1234' -ex 'hbreak start_kernel' -ex continue
#
# Prints both of GDB's transcripts; the status is 1 if something is not as it must be. Needs gdb-multiarch and what make-initramfs.sh makes.
set -euo pipefail
cd "$(dirname "$0")/../.."

cache=tests/guests/cache
fail() { echo "gdb-debian: $*" >&2; exit 1; }
[ -f $cache/kernel/Image ] && [ -f $cache/initramfs.cpio.gz ] || fail 'first run fetch-debian.sh and make-initramfs.sh beside this script'
release=$(cat $cache/kernel/release)
package=linux-image-$release-dbg

vmlinux=${1-$cache/dbg/vmlinux-$release}
if [ $# -eq 0 ] && [ ! -f "$vmlinux" ]; then
  mkdir -p $cache/dbg
  tests/guests/fetch-debian.sh --download "$package" $cache/dbg
  version=$(sed -n "s/^linux-image-$release //p" $cache/VERSIONS)
  deb=("$cache/dbg/${package}_${version//:/%3a}"_*.deb)
  [ -f "${deb[0]}" ] || fail "the mirror's $package is not of the kernel here ($version): run fetch-debian.sh --update"
  dpkg-deb --fsys-tarfile "${deb[0]}" | tar -x --no-same-owner -C $cache/dbg --wildcards "*/vmlinux-$release"
  find $cache/dbg -mindepth 2 -type f -name "vmlinux-$release" -exec mv {} "$vmlinux" \;
fi
[ -f "$vmlinux" ] || fail "there is no $vmlinux"

work=$(mktemp -d)
machine=
trap '[ -z "$machine" ] || kill "$machine" 2>/dev/null; rm -rf "$work"' EXIT
failed=0

# The kernel's functions have room for patches in front, with symbols of the same names: breakpoints on them have two locations.
# Runs GDB on a machine of its own: what to append, then a command and a pattern in each line of standard input. The patterns must be in the
# output behind their command.
session() {
  local address= commands=() patterns=() rest
  output=
  while IFS='|' read -r command pattern; do commands+=(-ex "echo <<${#patterns[@]}>>\\n" -ex "$command"); patterns+=("$pattern"); done
  node dist/lib/cli/main.js run $cache/kernel/Image --initrd $cache/initramfs.cpio.gz --smp 2 --gdb 0 --wait --pace fast \
    --append "console=ttyS0 cryptomgr.notests nokaslr $1" </dev/null >"$work/console" 2>"$work/stderr" &
  machine=$!
  until address=$(sed -n 's/^gdb: listening on //p' "$work/stderr"); [ -n "$address" ]; do
    kill -0 $machine 2>/dev/null || fail "the machine did not start: $(cat "$work/stderr")"
    sleep 0.1
  done
  output=$(timeout 600 gdb-multiarch -nx -batch -ex 'set pagination off' -ex 'set width 0' -ex 'set style enabled off' -ex 'set confirm off' \
    -ex 'set debuginfod enabled off' -ex "file $vmlinux" -ex "target remote $address" "${commands[@]}" 2>&1) || true
  kill $machine 2>/dev/null || true
  wait $machine || true
  machine=
  echo "$output"
  for i in "${!patterns[@]}"; do
    rest=${output#*"<<$i>>"}
    grep -Eq -- "${patterns[$i]}" <<<"${rest%%<<$((i + 1))>>*}" || { echo "FAILED: command $i: no ${patterns[$i]}"; failed=1; }
  done
}

session '' <<'END'
hbreak start_kernel|Hardware assisted breakpoint 1
continue|Breakpoint 1[.0-9]*, .*start_kernel \(\)
bt|#0 .*start_kernel
info threads|hart 1" \(waiting
x/10i $pc|=> .*<start_kernel>
info line start_kernel|init/main.c
monitor info mem|^ffffffff80
delete 1|.*
tbreak kernel_init|Temporary breakpoint
continue|kernel_init \(
call int_sqrt(144)|= 12
p loops_per_jiffy = 4321|= 4321
watch jiffies_64|watchpoint
continue|New value
continue|New value
continue|New value
continue|New value
bt|handle_riscv_irq
END

session 'rdinit=/nonexistent init=/nonexistent' <<'END'
break panic|Breakpoint 1
continue|Breakpoint 1[.0-9]*, .*panic \(
bt|kernel_init_freeable
p/x $pc|= 0xf
monitor when|end of history
p ramdisk_execute_command|= 0x0
watch ramdisk_execute_command|watchpoint
reverse-continue|New value = .*"/nonexistent"
bt|kernel_init_freeable
reverse-continue|New value = .*"/init"
bt|rdinit_setup
reverse-finish|.
delete|.*
monitor seek end|end of history
maintenance flush register-cache|.*
thread apply all bt 1|panic \(
p/x $pc|= 0xf
monitor when|end of history
eval "monitor last-write %lu 8", (unsigned long)&ramdisk_execute_command|written by hart
END

# The same tick where the panic was met, and where `seek end` leads.
[ "$(grep -c 'at the end of history' <<<"$output")" -eq 3 ] && [ "$(grep 'at the end of history' <<<"$output" | sort -u | wc -l)" -eq 1 ] ||
  { echo 'FAILED: seek end leads elsewhere'; failed=1; }

[ $failed -eq 0 ] && echo 'gdb-debian: all as it must be'
exit $failed
