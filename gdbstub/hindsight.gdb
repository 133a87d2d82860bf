# GDB commands for hindsight: source this file, then connect (target remote :1234).
#
#     when                 where the machine is in its history
#     seek TICK            go to a tick; also: start, end, 50%
#     last-write EXPR      who wrote last to a variable, and at which tick (no spaces: p->x, a[3], *(int*)0x80000000)
#     back, forward        to places that seek and reverse-continue left, as in a browser
#
# All of it is on top of GDB's `monitor`; its other commands are listed by `monitor help`. Plain GDB is enough, from version 9 on;
# with Python in it, places are remembered without a word.

set $_hs_at = 0
set $_hs_count = 0

# Remembers the present place as the one at $_hs_at.
define _hs_remember
  eval "monitor checkpoint visited-%d", $_hs_at
end

# The functions that GDB has only with Python tell whether it is there.
if ! $_isvoid($_streq)
define _hs_remember
  python gdb.execute("monitor checkpoint visited-%d" % int(gdb.convenience_variable("_hs_at")), to_string=True)
end
end

# The machine is elsewhere now, which GDB has not noticed.
define _hs_arrive
  if $_gdb_major >= 11
    maintenance flush register-cache
    maintenance flush dcache
  else
    eval "flushregs"
  end
  frame
end

# The present place is left for a new one: what was ahead is forgotten.
define _hs_leave
  _hs_remember
  set $_hs_at = $_hs_at + 1
  set $_hs_count = $_hs_at
end

define when
  monitor when
end
document when
Show where the machine is in its history: tick, virtual time, and whether this is the present.
end

define seek
  if $argc != 1
    echo usage: seek TICK, or start, end, or a percentage such as 50%\n
  else
    _hs_leave
    monitor seek $arg0
    _hs_arrive
  end
end
document seek
Go to another place of history: seek TICK, seek start, seek end, seek 50%.
Going there runs nothing anew: it is what happened, or will have happened. `back` comes back here.
end

define last-write
  if $argc != 1
    echo usage: last-write EXPRESSION, without spaces: a variable, or *(int*)ADDRESS\n
  else
    eval "monitor last-write %lu %lu", (unsigned long)&($arg0), sizeof($arg0)
  end
end
document last-write
Show which instruction wrote last to a variable before here, and how to get there: last-write EXPRESSION.
The expression has no spaces: counter, task->flags, table[3], *(int*)0x80000000. The machine stays where it is.
end

define back
  if $_hs_at == 0
    echo there is no place to go back to\n
  else
    _hs_remember
    set $_hs_at = $_hs_at - 1
    eval "monitor goto visited-%d", $_hs_at
    _hs_arrive
  end
end
document back
Go back to the place that the last seek, reverse-continue or forward left.
end

define forward
  if $_hs_at >= $_hs_count
    echo there is no place to go forward to\n
  else
    _hs_remember
    set $_hs_at = $_hs_at + 1
    eval "monitor goto visited-%d", $_hs_at
    _hs_arrive
  end
end
document forward
Go to the place that the last back left.
end

define hook-reverse-continue
  _hs_leave
end
