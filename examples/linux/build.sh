#!/usr/bin/env bash
# Builds everything in this folder that is not text: Image.gz, vmlinux.br, initramfs.cpio.lz4, and `config` and `VERSIONS` beside them.
#
#     examples/linux/build.sh [WORK]     WORK: a scratch folder, kept; with 3 GB of room (default: a new one below /tmp)
#
# The kernel is Debian's package linux-source-6.12 of suite trixie, configured by config.fragment on top of allnoconfig; busybox is Debian's package
# busybox-static for riscv64. Both come through tests/guests/fetch-debian.sh. The same packages and the same compiler give the same bytes.
# Needs a Debian-like system with gcc-riscv64-linux-gnu, make, gcc, flex, bison, bc, libc6-dev, xz-utils, cpio, lz4, dwz, qemu-user, nodejs.
set -euo pipefail
umask 022
here=$(cd "$(dirname "$0")" && pwd)
guests=$here/../../tests/guests
source_package=linux-source-6.12
export ARCH=riscv CROSS_COMPILE=${CROSS_COMPILE:-riscv64-linux-gnu-} LC_ALL=C

fail() { echo "build: $*" >&2; exit 1; }

for tool in "${CROSS_COMPILE}gcc" make gcc flex bison bc xz cpio lz4 dwz qemu-riscv64 node; do
  command -v "$tool" >/dev/null || fail "there is no $tool here"
done
[ $# -eq 0 ] || mkdir -p "$1"
work=$(cd "${1:-$(mktemp -d)}" && pwd)
tree=$work/$source_package

"$guests/fetch-debian.sh"
"$guests/fetch-debian.sh" --download "$source_package" "$work"
deb=("$work/$source_package"_*.deb)
[ ${#deb[@]} -eq 1 ] || fail "several versions of $source_package in $work"
if [ ! -f "$tree/Makefile" ]; then
  dpkg-deb --fsys-tarfile "${deb[0]}" | tar -x -O "./usr/src/$source_package.tar.xz" | tar -x -J -C "$work"
fi

# The kernel says when and by whom it was built: the date is that of the newest entry in the package's changelog.
SOURCE_DATE_EPOCH=$(date -u -d "$(dpkg-deb --fsys-tarfile "${deb[0]}" | tar -x -O "./usr/share/doc/$source_package/changelog.Debian.gz" |
  gzip -dc | sed -n 's/^ -- .*>  //p' | awk 'NR == 1')" +%s)
KBUILD_BUILD_TIMESTAMP=$(date -u -d "@$SOURCE_DATE_EPOCH")
export SOURCE_DATE_EPOCH KBUILD_BUILD_TIMESTAMP KBUILD_BUILD_USER=hindsight KBUILD_BUILD_HOST=hindsight KBUILD_BUILD_VERSION=1
cd "$tree"
make -s KCONFIG_ALLCONFIG="$here/config.fragment" allnoconfig
while read -r line; do
  [[ $line =~ CONFIG_[A-Z0-9_]+ ]] || continue
  name=${BASH_REMATCH[0]}
  case $line in
    CONFIG_*) grep -qxF "$line" .config || fail "$line did not take: $(grep -w "$name" .config || echo "no $name")" ;;
    '# CONFIG_'*) ! grep -q "^$name=" .config || fail "$name is set" ;;
  esac
done <"$here/config.fragment"

# Sources are where Debian's package puts the archive. Types are kept in the reduced debug information: dwz folds what files share.
map=-ffile-prefix-map=$tree=/usr/src/$source_package
make -j"${JOBS:-2}" KCFLAGS="$map -femit-struct-debug-detailed=any -gno-column-info" KAFLAGS="$map" vmlinux Image
cp .config "$here/config"
gzip -9n <arch/riscv/boot/Image >"$here/Image.gz"

# Local labels say nothing to a debugger.
"${CROSS_COMPILE}objcopy" --discard-locals vmlinux "$work/vmlinux"
dwz "$work/vmlinux"
node "$here/pack-symbols.mjs" "$work/vmlinux" "$here/Image.gz" "$here/vmlinux.br"

root=$work/root
rm -rf "$root"
mkdir -p "$root"/{bin,dev,etc,mnt,proc,root,sys,tmp}
cp "$guests/cache/busybox/busybox" "$root/bin/busybox"
cp "$here/init.sh" "$root/init"
chmod 755 "$root/init" "$root/bin/busybox"
for applet in $(qemu-riscv64 "$root/bin/busybox" --list); do [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"; done
printf 'root::0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\n' >"$root/etc/group"
find "$root" -exec touch -h -d @0 {} +
# The kernel unpacks lz4 with nine million instructions less than gzip; -l is the format that it knows.
(cd "$root" && find . | sort | cpio --quiet -o -H newc --reproducible --owner=0:0) | lz4 -l -12 -q >"$here/initramfs.cpio.lz4"

{
  echo "$source_package $(dpkg-deb -f "${deb[0]}" Version) (source package linux)"
  echo "$(grep '^busybox-static ' "$guests/cache/VERSIONS") (source package busybox)"
  dpkg-deb -f "$guests"/cache/debs/busybox-static_*.deb Built-Using | sed 's/^/busybox-static has in it: /'
  "${CROSS_COMPILE}gcc" --version | head -1
  "${CROSS_COMPILE}ld" --version | head -1
  dwz --version 2>&1 | head -1
  echo "lz4 $(lz4 --version | grep -o 'v[0-9.]*' | head -1)"
} >"$here/VERSIONS"
ls -l "$here"
