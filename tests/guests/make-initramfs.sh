#!/usr/bin/env bash
# Makes tests/guests/cache/initramfs.cpio.gz: busybox, the modules for virtio and ext4, the benchmarks of bench/, and init.sh as /init.
#
#     tests/guests/make-initramfs.sh
#
# Calls fetch-debian.sh if the packages are not there. The first line of /init is `hindsight: /init reached`; see init.sh for the options on
# the kernel's command line. The benchmarks come in if riscv64-linux-gnu-gcc is installed (`bench` in the guest lists them).
# The same inputs give the same bytes. Needs cpio, gzip, and xz or zstd as the modules are compressed.
set -euo pipefail
umask 022
cd "$(dirname "$0")"

fail() { echo "make-initramfs: $*" >&2; exit 1; }

for tool in cpio gzip; do command -v "$tool" >/dev/null || fail "there is no $tool here"; done
[ -s cache/VERSIONS ] || ./fetch-debian.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root"/{bin,dev,etc,lib/modules,proc,root,sbin,sys,tmp,mnt}

cp cache/busybox/busybox "$root/bin/busybox"
ln -s busybox "$root/bin/sh"
cp init.sh "$root/init"
chmod 755 "$root/init" "$root/bin/busybox"
printf 'root::0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\n' >"$root/etc/group"

modinfo_field() { tr '\0' '\n' <"$1" | sed -n "s/^$2=//p"; }

# Adds a module after what it depends on; the order goes to lib/modules/order. Names are compared with - and _ alike.
declare -A added
add_module() {
  local name=${1//-/_} file needed
  [ -z "${added[$name]-}" ] || return 0
  added[$name]=1
  file=$(find cache/kernel/modules/kernel -regex ".*/${name//_/[-_]}\.ko\(\.xz\|\.zst\|\.gz\)?" -print -quit)
  if [ -z "$file" ]; then
    grep -q "/${name//_/[-_]}\.ko$" cache/kernel/modules/modules.builtin && return 0
    fail "the kernel package has no module $name"
  fi
  case $file in
    *.xz) xz -dc "$file" ;;
    *.zst) zstd -dqc "$file" ;;
    *.gz) gzip -dc "$file" ;;
    *) cat "$file" ;;
  esac >"$work/$name.ko"
  for needed in $(modinfo_field "$work/$name.ko" depends | tr , ' '); do add_module "$needed"; done
  mv "$work/$name.ko" "$root/lib/modules/"
  echo "$name.ko" >>"$root/lib/modules/order"
}
# jbd2 and ext4 ask for the algorithm crc32c by name, which no `depends` tells.
for module in virtio_mmio virtio_blk virtio_net virtio_rng crc32c_generic ext4; do add_module "$module"; done

if command -v riscv64-linux-gnu-gcc >/dev/null; then
  riscv64-linux-gnu-gcc -static -O2 -Wall -Wextra -s -o "$root/bin/bench" bench/*.c
else
  echo 'make-initramfs: no riscv64-linux-gnu-gcc, so without the benchmarks' >&2
fi

find "$root" -exec touch -h -d @0 {} +
(cd "$root" && find . | LC_ALL=C sort | cpio --quiet -o -H newc --reproducible --owner=0:0) | gzip -9n >"$work/initramfs"
mv "$work/initramfs" cache/initramfs.cpio.gz
echo "$PWD/cache/initramfs.cpio.gz: $(stat -c %s cache/initramfs.cpio.gz) bytes, kernel $(cat cache/kernel/release), modules: $(sed 's/\.ko$//' "$root/lib/modules/order" | tr '\n' ' ')"
