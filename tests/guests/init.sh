#!/bin/busybox sh
# /init of the initramfs that make-initramfs.sh builds: loads the modules, runs what the command line asks for, then gives a shell.
#
#     root=/dev/vda                  mounts that (ext4; read-only, or with `rw` writable) and goes on with its /sbin/init, or what init= names
#     hindsight.run=COMMAND          runs it with sh, prints `hindsight: run ended, status N`, powers off. Without spaces; a `,` separates commands
#     hindsight.run="COMMANDS"       the same in double quotes: any shell text without a double quote
#     hindsight.modules=no           loads no modules
#
# `poweroff`, `reboot` and `halt` work with and without -f: process 1 is busybox's init.
echo 'hindsight: /init reached'
export PATH=/bin:/sbin HOME=/root TERM=linux

/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox --install -s /bin
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
hostname hindsight

line=$(cat /proc/cmdline)
# option NAME: prints the last value of NAME=VALUE on the command line.
option() { echo "$line" | tr ' ' '\n' | sed -n "s/^$1=//p" | tail -n 1; }
case " $line " in
  *' hindsight.modules=no '*) ;;
  *) while read -r module; do insmod "/lib/modules/$module" || echo "hindsight: cannot load $module"; done </lib/modules/order ;;
esac

root=$(option root)
if [ -n "$root" ]; then
  tries=100
  while [ ! -b "$root" ] && [ $tries -gt 0 ]; do
    usleep 50000
    tries=$((tries - 1))
  done
  mode=ro
  case " $line " in *' rw '*) mode=rw ;; esac
  next=$(option init)
  if mount -t ext4 -o "$mode" "$root" /mnt; then
    umount /dev/pts
    mount --move /dev /mnt/dev
    mount --move /sys /mnt/sys
    mount --move /proc /mnt/proc
    exec switch_root /mnt "${next:-/sbin/init}" </mnt/dev/console >/mnt/dev/console 2>&1
  fi
  echo "hindsight: cannot mount $root; here is a shell"
fi
ip link set lo up

case "$line" in
  *hindsight.run=\"*)
    command=${line#*hindsight.run=\"}
    command=${command%%\"*} ;;
  # The kernel moves the quote of name="value" in front of the name when it hands a parameter on; some boot loaders do it as well.
  *\"hindsight.run=*)
    command=${line#*\"hindsight.run=}
    command=${command%%\"*} ;;
  *hindsight.run=*)
    command=${line#*hindsight.run=}
    command=$(echo "${command%% *}" | tr , ';') ;;
  *) command= ;;
esac
if [ -n "$command" ]; then
  sh -c "$command"
  echo "hindsight: run ended, status $?"
  poweroff -f
fi

# busybox's init starts the shell again when it ends, and heeds poweroff, reboot and halt. A shell that this one started in the background would
# ignore Ctrl-C for good. cttyhack: on the real terminal behind /dev/console, so that job control works.
echo '::respawn:/bin/cttyhack /bin/sh' >/etc/inittab
exec /bin/busybox init
