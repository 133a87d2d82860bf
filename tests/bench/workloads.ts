/** What the guest's shell is told to do in the benchmark of the whole system, and what that needs on the host. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';

export const MIB = 2 ** 20;

export interface Workload {
  /** What the results call it. */
  readonly title: string;
  readonly command: string;
  /** What it moves, for the throughput. */
  readonly bytes?: number;
}

/** Ports of the host's loopback. */
export interface Servers {
  /** Serves `bytes` by HTTP. */
  readonly source: number;
  /** Takes what comes, and closes the connection at its end. */
  readonly sink: number;
}

export interface Amounts {
  readonly diskMib: number;
  readonly netMib: number;
}

/** The groups of workloads that can be asked for by name. */
export const GROUPS = ['processes', 'disk', 'network'] as const;
export type Group = (typeof GROUPS)[number];

/** What makes the network usable, untimed: the address that both sides give by DHCP. */
const NETWORK_UP = 'ip addr add 10.0.2.15/24 dev eth0;ip link set eth0 up;sleep 1;';

export function workloadsOf(group: Group, { diskMib, netMib }: Amounts, { source, sink }: Servers): readonly Workload[] {
  const [diskBytes, netBytes] = [diskMib * MIB, netMib * MIB];
  const all: Readonly<Record<Group, readonly Workload[]>> = {
    processes: [
      { title: '2000 forks', command: 'bench fork 2000' },
      { title: '200 times fork and exec', command: 'bench exec 200' },
      { title: '50,000 round trips through pipes', command: 'bench pipe 50000' },
    ],
    disk: [
      { title: `disk: read ${diskMib} MiB`, command: 'dd if=/dev/vda of=/dev/null bs=1M', bytes: diskBytes },
      {
        title: `disk: write ${diskMib} MiB, fsync`,
        command: `dd if=/dev/zero of=/dev/vda bs=1M count=${diskMib} conv=fsync`,
        bytes: diskBytes,
      },
    ],
    network: [
      { title: `network: ${netMib} MiB to the guest`, command: `wget -q -O /dev/null http://10.0.2.2:${source}/`, bytes: netBytes },
      {
        title: `network: ${netMib} MiB from the guest`,
        command: `nc 10.0.2.2 ${sink} -e dd if=/dev/zero bs=64k count=${netMib * 16}`,
        bytes: netBytes,
      },
    ],
  };
  return all[group];
}

/** Lines of the console around what is timed. */
export const BEGIN = /^@begin\r?$/m;
export const END = /^@end\r?$/m;

/** The shell commands that run `workloads` one after the other, each between a `BEGIN` and an `END`; those end the run if one of them fails. */
export function scriptOf(workloads: readonly Workload[], needsNetwork: boolean): string {
  const timed = workloads.map(({ command }) => `echo @begin;${command}&&echo @end||exit 1`);
  return `${needsNetwork ? NETWORK_UP : ''}${timed.join(';')}`;
}

/** Makes the file of a disk with `mib` MiB in it that are not zero, all of it in the host's cache. */
export function makeDisk(folder: string, mib: number): string {
  const path = join(folder, 'disk.img');
  const block = Buffer.alloc(MIB, 'hindsight benchmark ');
  const fd = openSync(path, 'w');
  for (let i = 0; i < mib; i++) writeSync(fd, block);
  closeSync(fd);
  readFileSync(path);
  return path;
}

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Runs `body` with servers at the host's loopback. */
export async function withServers<T>({ netMib }: Amounts, body: (servers: Servers) => Promise<T>): Promise<T> {
  const block = Buffer.alloc(MIB, 'network');
  const source = createHttpServer((_request, response) => {
    response.setHeader('Content-Length', netMib * MIB);
    Readable.from(Array.from({ length: netMib }, () => block)).pipe(response);
  });
  const sink = createServer((socket) => socket.on('error', () => {}).resume());
  try {
    return await body({ source: await portOf(source), sink: await portOf(sink) });
  } finally {
    source.close();
    source.closeAllConnections();
    sink.close();
  }
}
