#!/usr/bin/env bash
# Makes tests/guests/cache/rootfs.ext4: a small Debian with systemd for riscv64, by hand only (downloads some 60 MB, takes some minutes, wants root).
#
#     tests/guests/make-rootfs.sh [--size 768M] [--include PACKAGE,PACKAGE...]
#
# Needs mmdebstrap, qemu-user-static (its emulator runs the packages' scripts) and e2fsprogs. Nothing is mounted: mke2fs fills the image from a
# directory. If the kernel does not know yet how to run riscv64 programs, the emulator is registered with binfmt_misc until the script ends.
# Mirror and suite are those of fetch-debian.sh, which is called if the packages are not there.
#
# The system: root without a password, a login on ttyS0, host name hindsight, DHCP by systemd-networkd on every Ethernet device, name server 10.0.2.3,
# no timers of apt and dpkg, the modules that a virtual machine wants. Boot it with the kernel and the initramfs of this directory:
#     qemu-system-riscv64 -M virt -m 512 -nographic -kernel Image -initrd initramfs.cpio.gz -append 'console=ttyS0 root=/dev/vda rw' \
#       -drive file=rootfs.ext4,format=raw,if=none,id=d -device virtio-blk-device,drive=d
# The same packages give the same tree; UUID, hash seed and times of the file system are fixed.
set -euo pipefail
umask 022
cd "$(dirname "$0")"

fail() { echo "make-rootfs: $*" >&2; exit 1; }

size=768M extra=
while [ $# -gt 0 ]; do
  case $1 in
    --size) size=${2:?--size wants a number, as 768M}; shift 2 ;;
    --include) extra=,${2:?--include wants packages}; shift 2 ;;
    *) fail "unknown option $1 (there are --size and --include)" ;;
  esac
done
for tool in mmdebstrap qemu-riscv64-static mke2fs xz; do
  command -v "$tool" >/dev/null || fail "there is no $tool here; install mmdebstrap, qemu-user-static, e2fsprogs and xz-utils"
done
[ "$(id -u)" = 0 ] || fail 'files of a root file system belong to several users: run this as root'
[ -s cache/VERSIONS ] || ./fetch-debian.sh
suite=$(cat cache/suite)
release=$(cat cache/kernel/release)

work=$(mktemp -d)
chmod 755 "$work"
registered=
binfmt=/proc/sys/fs/binfmt_misc
cleanup() {
  rm -rf --one-file-system "$work"
  [ -z "$registered" ] || echo -1 >"$binfmt/hindsight-riscv64"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# mmdebstrap itself only asks whether a foreign program runs. Flag F: the kernel opens the emulator now, so that a chroot finds it.
if [ ! -e "$binfmt/qemu-riscv64" ]; then
  [ -e "$binfmt/register" ] || mount -t binfmt_misc binfmt_misc "$binfmt" || fail "this kernel has no binfmt_misc"
  [ ! -e "$binfmt/hindsight-riscv64" ] || echo -1 >"$binfmt/hindsight-riscv64"
  printf '%s' ":hindsight-riscv64:M:0:\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xf3\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:$(command -v qemu-riscv64-static):OCF" \
    >"$binfmt/register" || fail 'cannot register qemu-riscv64-static with binfmt_misc'
  registered=1
fi

root=$work/root
export SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=$(stat -c %Y cache/kernel/Image)
packages=systemd,systemd-sysv,udev,dbus,kmod,e2fsprogs,util-linux,login,passwd,procps,iproute2,iputils-ping,netbase,less,nano-tiny$extra
mmdebstrap --mode=root --architectures=riscv64 --variant=minbase --skip=check/qemu --include="$packages" \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --aptopt='APT::Install-Recommends "false"' \
  "$suite" "$root" cache/apt/sources/debian.sources || fail 'mmdebstrap failed'

# Root may log in without a password; PAM of Debian allows it (nullok).
sed -i 's/^root:[^:]*:/root::/' "$root/etc/shadow"
echo hindsight >"$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 hindsight\n::1 localhost\n' >"$root/etc/hosts"
printf '/dev/vda / ext4 defaults,errors=remount-ro 0 1\n' >"$root/etc/fstab"
# A machine id that is there means: not the first boot, so nothing asks questions. It is the same for every image.
echo 68696e64736967687400000000000001 >"$root/etc/machine-id"
# As new as /usr: or the first boot would rebuild the caches of the linker and the journal.
: >"$root/etc/.updated"
: >"$root/var/.updated"
rm -f "$root/etc/resolv.conf"
echo 'nameserver 10.0.2.3' >"$root/etc/resolv.conf"
printf '[Match]\nType=ether\n\n[Network]\nDHCP=yes\n' >"$root/etc/systemd/network/80-ethernet.network"

units=$root/etc/systemd/system
link_unit() { mkdir -p "$units/$2.wants"; ln -sf "/usr/lib/systemd/system/$3" "$units/$2.wants/$1"; }
link_unit serial-getty@ttyS0.service getty.target serial-getty@.service
link_unit systemd-networkd.service multi-user.target systemd-networkd.service
ln -sf /usr/lib/systemd/system/multi-user.target "$units/default.target"
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer getty@tty1.service; do
  ln -sf /dev/null "$units/$unit"
done

modules=$root/usr/lib/modules/$release
mkdir -p "$modules/kernel"
cp cache/kernel/modules/modules.* "$modules/"
for part in crypto lib fs/{autofs,ext4,fat,fuse,isofs,jbd2,mbcache.ko.xz,nls,overlayfs,squashfs} drivers/{virtio,block,char/hw_random} \
  drivers/net/{dummy.ko.xz,net_failover.ko.xz,tun.ko.xz,veth.ko.xz,virtio_net.ko.xz} net/{core,packet,bridge,802,llc}; do
  [ -e "cache/kernel/modules/kernel/$part" ] || continue
  mkdir -p "$modules/kernel/$(dirname "$part")"
  cp -r "cache/kernel/modules/kernel/$part" "$modules/kernel/$part"
done
chroot "$root" depmod "$release"

find "$root" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
rm -f cache/rootfs.ext4
truncate -s "$size" "$work/image"
E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH mke2fs -q -t ext4 -L hindsight -m 1 -U 68696e64-7369-6768-7400-000000000001 \
  -E hash_seed=68696e64-7369-6768-7400-000000000002,root_owner=0:0 -d "$root" "$work/image" || fail "mke2fs failed (a tree of $(du -sm "$root" | cut -f1) MB into $size)"
mv "$work/image" cache/rootfs.ext4
echo "$PWD/cache/rootfs.ext4: $size, $(du -m cache/rootfs.ext4 | cut -f1) MB of it used; Debian $suite, $(chroot "$root" dpkg-query -W -f . | wc -c) packages"
