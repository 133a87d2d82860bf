#!/usr/bin/env bash
# Makes tests/guests/cache/bootdisk.img: a disk from which U-Boot starts Debian's kernel, with one bootable ext4 partition.
#
#     tests/guests/make-bootdisk.sh
#
# On it: /boot/Image, /boot/initramfs.cpio.gz and /boot/extlinux/extlinux.conf, which U-Boot finds by itself (`boot`, or waiting two seconds).
# By hand at its prompt:
#     load virtio 0:1 ${kernel_addr_r} /boot/Image; load virtio 0:1 ${ramdisk_addr_r} /boot/initramfs.cpio.gz
#     setenv bootargs console=ttyS0; booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdtcontroladdr}
# Calls make-initramfs.sh if there is no initramfs. Needs e2fsprogs.
set -euo pipefail
umask 022
cd "$(dirname "$0")"

fail() { echo "make-bootdisk: $*" >&2; exit 1; }

PATH=$PATH:/usr/sbin:/sbin
for tool in mke2fs truncate dd; do command -v "$tool" >/dev/null || fail "there is no $tool here"; done
[ -s cache/initramfs.cpio.gz ] || ./make-initramfs.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root/boot/extlinux"
cp cache/kernel/Image cache/initramfs.cpio.gz "$work/root/boot/"
cat >"$work/root/boot/extlinux/extlinux.conf" <<'END'
default debian
timeout 0
label debian
  kernel /boot/Image
  initrd /boot/initramfs.cpio.gz
  append console=ttyS0 cryptomgr.notests
END
find "$work/root" -exec touch -h -d @0 {} +

# A megabyte in front of the partition, as every partitioning tool leaves; 4 KiB blocks, and no feature that U-Boot does not read.
offset=$((1 << 20)) bytes=$((62 << 20))
truncate -s $((offset + bytes)) "$work/disk"
# The partition table of an MBR: disk id; one entry (bootable, type 0x83, first sector, sectors; no CHS); three empty ones; the signature.
little() { printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)); }
printf "dnih\0\0\x80\xfe\xff\xff\x83\xfe\xff\xff$(little $((offset / 512)))$(little $((bytes / 512)))" | dd of="$work/disk" bs=1 seek=440 conv=notrunc status=none
printf '\x55\xaa' | dd of="$work/disk" bs=1 seek=510 conv=notrunc status=none
E2FSPROGS_FAKE_TIME=1 mke2fs -q -t ext4 -b 4096 -O ^metadata_csum,^64bit,^orphan_file,^has_journal -L boot -m 0 -U 68696e64-7369-6768-7400-000000000003 \
  -E offset=$offset,hash_seed=68696e64-7369-6768-7400-000000000004,root_owner=0:0 -d "$work/root" "$work/disk" $((bytes / 1024))k || fail 'mke2fs failed'
mv "$work/disk" cache/bootdisk.img
echo "$PWD/cache/bootdisk.img: $(stat -c %s cache/bootdisk.img) bytes"
