#!/bin/busybox sh
# /init of the initramfs that make-initramfs.sh builds: loads the modules, runs what the command line asks for, then gives a shell.
#
#     hindsight.run=COMMAND          runs it with sh, prints `hindsight: run ended, status N`, powers off. Without spaces; a `,` separates commands
#     hindsight.run="COMMANDS"       the same in double quotes: any shell text without a double quote
#     hindsight.modules=no           loads no modules
#
# `poweroff`, `reboot` and `halt` work with and without -f: busybox sends signals to process 1 for them.
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
case " $line " in
  *' hindsight.modules=no '*) ;;
  *) while read -r module; do insmod "/lib/modules/$module" || echo "hindsight: cannot load $module"; done </lib/modules/order ;;
esac
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

trap 'sync; poweroff -f' USR2
trap 'sync; reboot -f' TERM
trap 'sync; halt -f' USR1
while :; do
  # A session of its own on the real terminal behind /dev/console, so that job control works. In the background, so that traps run at once.
  setsid cttyhack sh &
  shell=$!
  while kill -0 $shell 2>/dev/null; do wait $shell; done
  echo 'hindsight: the shell ended, here is another'
done
