/**
 * All packets, one row each. After the GDB manual, "Packets", "General Query Packets", "vCont packet", "Reverse Execution"; QEMU's and LLDB's own.
 * What is not here gets the empty reply, which means "unknown" in this protocol. Tracepoints and non-stop mode are not modelled.
 */
import type { PacketArguments } from './arguments.js';
import * as memory from './handlers-memory.js';
import * as query from './handlers-query.js';
import * as registers from './handlers-registers.js';
import * as run from './handlers-run.js';
import * as threads from './handlers-threads.js';
import * as transfer from './handlers-transfer.js';
import * as lldb from './lldb.js';
import type { Reply, SessionState } from './session-state.js';

export interface Command {
  readonly name: string;
  /** What follows the name; '' when nothing may. */
  readonly syntax: string;
  readonly run: (state: SessionState, args: PacketArguments) => Reply;
}

const ok = (): Reply => 'OK';
const unknown = (): Reply => '';

// biome-ignore format: a table
const ROWS: readonly (readonly [name: string, syntax: string, run: Command['run']])[] = [
  // How it stands, and letting it go
  ['!',                         '',                         run.extendedMode],
  ['?',                         '',                         run.stopReason],
  ['c',                         '[ADDR]',                   (s, a) => run.resumeAt(s, a, 'continue')],
  ['s',                         '[ADDR]',                   (s, a) => run.resumeAt(s, a, 'step')],
  ['C',                         'SIG[;ADDR]',               (s, a) => run.resumeWithSignal(s, a, 'continue')],
  ['S',                         'SIG[;ADDR]',               (s, a) => run.resumeWithSignal(s, a, 'step')],
  ['bc',                        '',                         (s) => run.resumeBack(s, 'continue')],
  ['bs',                        '',                         (s) => run.resumeBack(s, 'step')],
  ['vCont?',                    '',                         () => 'vCont;c;C;s;S;t;r'],
  ['vCont;',                    'ACTION[:THREAD]...',       run.vCont],
  ['vCtrlC',                    '',                         ok],
  ['vAttach;',                  'PID',                      threads.attach],
  ['vRun;',                     'FILE[;ARG]...',            run.run],
  ['vKill;',                    'PID',                      run.killProcess],
  ['R',                         'XX',                       run.restart],
  ['k',                         '',                         run.kill],
  ['D',                         '[;PID]',                   run.detach],

  // Registers and memory
  ['g',                         '[;thread:TID;]',           registers.readAll],
  ['G',                         'BYTES[;thread:TID;]',      registers.writeAll],
  ['p',                         'N[;thread:TID;]',          registers.readOne],
  ['P',                         'N=BYTES[;thread:TID;]',    registers.writeOne],
  ['m',                         'ADDR,LENGTH',              memory.readHex],
  ['M',                         'ADDR,LENGTH:BYTES',        memory.writeHex],
  ['x',                         'ADDR,LENGTH',              memory.readBinary],
  ['X',                         'ADDR,LENGTH:BINARY',       memory.writeBinary],
  ['qSearch:memory:',           'ADDR;LENGTH;BINARY',       memory.search],
  ['qCRC:',                     'ADDR,LENGTH',              memory.checksum],

  // Breakpoints and watchpoints
  ['z',                         'TYPE,ADDR,KIND',           (s, a) => { s.breakpoints.remove(a); return 'OK'; }],
  ['Z',                         'TYPE,ADDR,KIND[;X...]',    (s, a) => { s.breakpoints.insert(a); return 'OK'; }],

  // Threads
  ['H',                         'g|c THREAD',               threads.selectThread],
  ['T',                         'THREAD',                   threads.isAlive],
  ['qC',                        '',                         threads.currentThread],
  ['qfThreadInfo',              '',                         threads.allThreads],
  ['qsThreadInfo',              '',                         threads.noMoreThreads],
  ['qThreadExtraInfo,',         'THREAD',                   threads.threadExtraInfo],
  ['QThreadEvents:',            '0|1',                      ok],

  // What both sides can do; documents
  ['qSupported',                '[:FEATURE;...]',           query.supported],
  ['QStartNoAckMode',           '',                         ok],
  ['qAttached',                 '[:PID]',                   () => '1'],
  ['qSymbol:',                  'VALUE:NAME',               ok],
  // Guests are linked where they run, and an offset of 0 would undo the one given to `symbol-file -o`: better none.
  ['qOffsets',                  '',                         unknown],
  ['vMustReplyEmpty',           '',                         unknown],
  ['qRcmd,',                    'HEX',                      query.monitor],
  ['qXfer:features:read:',      'ANNEX:OFFSET,LENGTH',      transfer.transfer(transfer.features)],
  ['qXfer:memory-map:read:',    ':OFFSET,LENGTH',           transfer.transfer(transfer.memoryMap)],
  ['qXfer:threads:read:',       ':OFFSET,LENGTH',           transfer.transfer(transfer.threads)],
  ['qXfer:osdata:read:',        '[TYPE]:OFFSET,LENGTH',     transfer.transfer(transfer.osData)],

  // QEMU's
  ['qqemu.sstepbits',           '',                         () => query.SSTEP_BITS],
  ['qqemu.sstep',               '',                         query.stepBits],
  ['Qqemu.sstep=',              'BITS',                     query.setStepBits],
  ['qqemu.PhyMemMode',          '',                         query.physicalMode],
  ['Qqemu.PhyMemMode:',         '0|1',                      query.setPhysicalMode],
  ['qqemu.Supported',           '',                         () => 'sstepbits;sstep;PhyMemMode'],

  // LLDB's
  ['qHostInfo',                 '',                         lldb.hostInfo],
  ['qProcessInfo',              '',                         lldb.processInfo],
  ['qRegisterInfo',             'INDEX',                    lldb.registerInfo],
  ['qThreadStopInfo',           'THREAD',                   threads.threadStopInfo],
  ['qMemoryRegionInfo:',        'ADDR',                     lldb.memoryRegionInfo],
  ['qWatchpointSupportInfo:',   '',                         lldb.watchpointSupport],
  ['jThreadsInfo',              '',                         lldb.threadsInfo],
  ['QThreadSuffixSupported',    '',                         query.note('threadSuffix')],
  ['QListThreadsInStopReply',   '',                         query.note('threadsInStopReply')],
  ['QEnableErrorStrings',       '',                         query.note('errorStrings')],
  ['QSaveRegisterState',        '[;thread:TID;]',           registers.save],
  ['QRestoreRegisterState:',    'ID[;thread:TID;]',         registers.restore],
];

export const COMMANDS: readonly Command[] = ROWS.map(([name, syntax, run]) => ({ name, syntax, run }));

/** By first character, longest name first. */
const INDEX = new Map<string, Command[]>();
for (const command of [...COMMANDS].sort((a, b) => b.name.length - a.name.length)) {
  const list = INDEX.get(command.name[0]) ?? [];
  INDEX.set(command.name[0], [...list, command]);
}

/** The row for a packet; undefined if nobody knows it. */
export const commandFor = (payload: string): Command | undefined =>
  INDEX.get(payload[0])?.find(({ name, syntax }) => (syntax === '' ? payload === name : payload.startsWith(name)));
