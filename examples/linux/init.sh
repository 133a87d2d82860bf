#!/bin/busybox sh
# /init of examples/linux: mounts, brings the loopback up, greets, and gives a shell on the console.
# `poweroff`, `reboot` and `halt` work with and without -f: busybox sends signals to process 1 for them.
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mkdir -p /dev/pts /dev/shm
/bin/busybox mount -t devpts devpts /dev/pts
/bin/busybox ip link set lo up
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root TERM=linux
cd

read -r _ _ release _ </proc/version
echo "Welcome to Linux $release on hindsight. \`poweroff\` ends it."

trap 'sync; poweroff -f' USR2
trap 'sync; reboot -f' TERM
trap 'sync; halt -f' USR1
while :; do
  # A session of its own on the real terminal behind /dev/console, so that job control works. In the background, so that traps run at once.
  setsid cttyhack sh &
  shell=$!
  while kill -0 $shell 2>/dev/null; do wait $shell; done
done
