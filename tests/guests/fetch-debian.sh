#!/usr/bin/env bash
# Brings Debian's riscv64 kernel, its modules, busybox, OpenSBI and U-Boot to tests/guests/cache.
#
#     tests/guests/fetch-debian.sh            download what is missing, unpack, print what there is
#     tests/guests/fetch-debian.sh --update   look for newer packages even if there are some
#     tests/guests/fetch-debian.sh --download PACKAGE FOLDER   only download that package (.deb) to FOLDER, unless it is there
#
# Works with an apt configuration of its own below cache/apt: needs no root, changes nothing of the system's. The mirror and its keyring are
# those of the first Debian entry in the system's own sources (one-line .list or deb822 .sources); signatures and hashes are checked by apt.
# Another mirror: DEBIAN_MIRROR=URL, with DEBIAN_KEYRING=FILE if its key is none of the system's. Another suite: DEBIAN_SUITE=sid (default trixie).
# Needs apt, dpkg-deb, awk, tar and xz.
#
# What it leaves:
#     cache/VERSIONS              one line "package version" each
#     cache/kernel/Image          the uncompressed kernel, its config and its release beside it
#     cache/kernel/modules/       the modules: kernel/..., modules.builtin, modules.order
#     cache/busybox/busybox       the static busybox
#     cache/opensbi/              fw_jump, fw_dynamic, fw_payload (.elf and .bin) of the platform "generic"
#     cache/u-boot/<board>/       qemu-riscv64 (starts in M-mode) and qemu-riscv64_smode (after an SBI)
set -euo pipefail
shopt -s nullglob
umask 022

fail() { echo "fetch-debian: $*" >&2; exit 1; }

update= extra=
case "${1-}" in
  '') ;;
  --update) update=1 ;;
  --download)
    [ $# -eq 3 ] || fail '--download PACKAGE FOLDER'
    extra=$2
    folder=$(cd "$3" && pwd) || fail "no folder $3" ;;
  *) fail "unknown option $1 (there are --update and --download)" ;;
esac
cd "$(dirname "$0")"
for tool in apt-get apt-cache apt-config dpkg-deb awk tar xz; do
  command -v "$tool" >/dev/null || fail "there is no $tool here; this script needs a Debian-like system"
done

suite=${DEBIAN_SUITE:-trixie}
mkdir -p cache
cache=$PWD/cache
cd "$cache"

show() { sed 's/^/  /' "$cache/VERSIONS"; }
if [ -z "$update$extra" ] && [ -s VERSIONS ] && [ "$(cat suite 2>/dev/null)" = "$suite" ]; then
  echo "already in $cache:"; show; exit 0
fi

# Prints a deb822 source for $suite, with mirror and keyring of the first entry of a Debian release in the files given.
debian_source() {
  awk -v suite="$suite" '
    function emit() {
      print "Types: deb\nURIs: " uri "\nSuites: " suite "\nComponents: main\nArchitectures: riscv64"
      if (trusted == "yes") print "Trusted: yes"
      if (key != "") print "Signed-By: " key
      found = 1; exit
    }
    function usable(suites, components) {
      return (" " suites " ") ~ / (bullseye|bookworm|trixie|forky|duke|sid|oldstable|stable|testing|unstable) / && (" " components " ") ~ / main /
    }
    function forget() { types = uris = suites = components = key = trusted = enabled = field = "" }
    function stanza() {
      split(uris, u, " "); uri = u[1]
      if ((" " types " ") ~ / deb / && enabled != "no" && uri != "" && usable(suites, components)) emit()
      forget()
    }
    FNR == 1 { if (NR > 1) stanza(); forget() }
    FILENAME ~ /\.list$/ {
      if ($1 != "deb") next
      sub(/#.*/, ""); key = trusted = ""
      if (match($0, /\[[^]]*\]/)) {
        n = split(substr($0, RSTART + 1, RLENGTH - 2), option, " ")
        for (i = 1; i <= n; i++) {
          if (option[i] ~ /^signed-by=/) { key = substr(option[i], 11); gsub(/,/, " ", key) }
          if (option[i] ~ /^trusted=/) trusted = substr(option[i], 9)
        }
        $0 = substr($0, 1, RSTART - 1) " " substr($0, RSTART + RLENGTH)
      }
      uri = $2; where = $3; $1 = $2 = $3 = ""
      if (usable(where, $0)) emit()
      key = trusted = ""
      next
    }
    /^#/ { next }
    /^[ \t]*$/ { stanza(); next }
    /^[ \t]/ {
      if (field == "signed-by") key = key "\n" $0
      else if (field == "uris") uris = uris " " $0
      else if (field == "suites") suites = suites " " $0
      else if (field == "components") components = components " " $0
      next
    }
    {
      field = tolower($0); sub(/:.*/, "", field)
      value = $0; sub(/^[^:]*:[ \t]*/, "", value)
      if (field == "types") types = value
      else if (field == "uris") uris = value
      else if (field == "suites") suites = value
      else if (field == "components") components = value
      else if (field == "signed-by") key = value
      else if (field == "trusted") trusted = tolower(value)
      else if (field == "enabled") enabled = tolower(value)
    }
    END { if (!found) stanza(); exit !found }
  ' "$@"
}

mkdir -p apt/state/lists/partial apt/cache/archives/partial apt/sources debs
: >apt/status
if [ -n "${DEBIAN_MIRROR-}" ]; then
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nArchitectures: riscv64\n' "$DEBIAN_MIRROR" "$suite" >apt/sources/debian.sources
  [ -z "${DEBIAN_KEYRING-}" ] || printf 'Signed-By: %s\n' "$DEBIAN_KEYRING" >>apt/sources/debian.sources
else
  list= parts=
  eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
  files=()
  for file in "$list" "$parts"/*.list "$parts"/*.sources; do [ ! -f "$file" ] || files+=("$file"); done
  [ ${#files[@]} -gt 0 ] || fail "apt of this system has no sources; set DEBIAN_MIRROR=URL"
  debian_source "${files[@]}" >apt/sources/debian.sources ||
    fail "apt of this system has no source of a Debian release with component main (looked into ${files[*]}); set DEBIAN_MIRROR=URL"
fi

# The options of the command line have the last word over the system's apt.conf (whose proxy settings stay).
options=(
  -o Dir::State="$cache/apt/state" -o Dir::State::status="$cache/apt/status" -o Dir::State::extended_states="$cache/apt/extended_states"
  -o Dir::Cache="$cache/apt/cache" -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$cache/apt/sources"
  -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
  -o APT::Architecture=riscv64 -o APT::Architectures=riscv64 -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none
  -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Acquire::Retries=3 -o APT::Update::Error-Mode=any
)
apt-get -q "${options[@]}" update >apt/update.log 2>&1 || { cat apt/update.log >&2; fail "apt-get update failed for suite $suite; no network, or a mirror without it?"; }

# Prints the newest version of a package that the suite has.
version_of() { { apt-cache "${options[@]}" show --no-all-versions "$1" 2>/dev/null || true; } | sed -n 's/^Version: //p' | head -1; }

# Downloads a package to the current folder unless its newest version is there; sets `version`.
download() {
  local found
  version=$(version_of "$1")
  [ -n "$version" ] || fail "suite $suite has no package $1 for riscv64"
  # apt writes an epoch's colon as %3a; a package that is there already has been checked when it came.
  found=("$1_${version//:/%3a}"_*.deb)
  [ ${#found[@]} -eq 0 ] || return 0
  rm -f "$1"_*.deb
  apt-get -q "${options[@]}" download "$1" >"$cache/apt/download.log" 2>&1 || { cat "$cache/apt/download.log" >&2; fail "cannot download $1 $version"; }
}
if [ -n "$extra" ]; then
  cd "$folder"
  download "$extra"
  exit 0
fi

# linux-image-riscv64 is empty and depends on the package of the current version.
kernel=$(apt-cache "${options[@]}" depends linux-image-riscv64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -1)
[ -n "$kernel" ] || fail "suite $suite has no linux-image-riscv64"
packages=("$kernel" busybox-static opensbi u-boot-qemu)

rm -f VERSIONS VERSIONS.new
for package in "${packages[@]}"; do
  cd "$cache/debs"
  download "$package"
  cd "$cache"
  echo "$package $version" >>VERSIONS.new
done

unpacked=$cache/unpacked
rm -rf "$unpacked"
unpack() { # package, then the directories and files wanted (as patterns of tar)
  local package=$1 deb
  shift
  deb=(debs/"$package"_*.deb)
  mkdir -p "$unpacked/$package"
  dpkg-deb --fsys-tarfile "${deb[0]}" | tar -x --no-same-owner -C "$unpacked/$package" --wildcards "$@" || fail "${deb[0]} does not contain $*"
}

unpack "$kernel" './boot/*' '*/lib/modules/*'
release=${kernel#linux-image-}
rm -rf kernel busybox opensbi u-boot
mkdir kernel busybox opensbi u-boot
mv "$unpacked/$kernel"/boot/vmlinu?-* kernel/Image || fail "$kernel has no /boot/vmlinux"
mv "$unpacked/$kernel"/boot/config-* kernel/config
for modules in "$unpacked/$kernel"/{,usr/}lib/modules/"$release"; do [ ! -d "$modules" ] || mv "$modules" kernel/modules; done
[ -d kernel/modules/kernel ] || fail "$kernel has no modules of $release"
echo "$release" >kernel/release

unpack busybox-static '*/bin/busybox'
mv "$unpacked"/busybox-static/{,usr/}bin/busybox busybox/ 2>/dev/null || [ -f busybox/busybox ] || fail 'busybox-static has no busybox'
unpack opensbi '*/opensbi/generic/*'
mv "$unpacked"/opensbi/usr/lib/riscv64-linux-gnu/opensbi/generic/* opensbi/
unpack u-boot-qemu '*/u-boot/qemu-riscv64*'
mv "$unpacked"/u-boot-qemu/usr/lib/u-boot/qemu-riscv64* u-boot/
rm -rf "$unpacked"

echo "$suite" >suite
mv VERSIONS.new VERSIONS
echo "in $cache:"; show
