/** What a recording says about itself: the machine, the files that it was built from, how the run began and how it ended. */
import type { Position } from '../lib/system/input-event.js';
import { decodePlain, encodePlain, Fields } from './plain.js';

export const FILE_ROLES = ['kernel', 'firmware', 'initrd', 'device tree'] as const;
export type FileRole = (typeof FILE_ROLES)[number];

/** A drive, as the guest sees it. */
export interface DriveHeader {
  readonly sizeBytes: number;
  /** The guest's writes went to the file. */
  readonly write: boolean;
}

export interface FileHeader {
  readonly role: FileRole;
  /** As the user gave it. */
  readonly name: string;
  readonly sizeBytes: number;
  /** The contents are not in the recording, but in this file. */
  readonly path?: string;
}

export interface Header {
  /** Version of the program that recorded. */
  readonly program: string;
  /** All that the guest can see of the options; plain data, which the command line writes and reads. */
  readonly machine: unknown;
  readonly drives: readonly DriveHeader[];
  readonly files: readonly FileHeader[];
  /** Ticks from one state digest to the next. */
  readonly digestTicks: number;
  /** The run began with the state in the recording, not with power-on. */
  readonly snapshot: boolean;
}

/** How a recorded run ended. */
export interface End {
  readonly at: Position;
  /** The state digest at the end. */
  readonly digest: string;
  readonly reason: string;
  /** The guest's, where it powered off. */
  readonly exitCode?: number;
  /** What the guest printed. */
  readonly outputBytes: number;
  readonly outputSha256: string;
}

const DRIVES_MAX = 64;
const PATH_MAX = 4096;

export function encodeHeader(header: Header): Uint8Array {
  return encodePlain(header);
}

/** Throws `ImageError`, whose message begins with `where`. */
export function decodeHeader(payload: Uint8Array, where: string): Header {
  const fields = new Fields(decodePlain(payload, where), where);
  const drives = fields.list('drives');
  const files = fields.list('files').map((file) => fileHeader(new Fields(file, `${where}: files`)));
  if (drives.length > DRIVES_MAX) throw fields.bad('drives');
  if (new Set(files.map(({ role }) => role)).size !== files.length) throw fields.bad('files');
  return {
    program: fields.text('program', 64),
    machine: fields.any('machine'),
    drives: drives.map((drive) => driveHeader(new Fields(drive, `${where}: drives`))),
    files,
    digestTicks: fields.integer('digestTicks'),
    snapshot: fields.boolean('snapshot'),
  };
}

function driveHeader(fields: Fields): DriveHeader {
  const sizeBytes = fields.integer('sizeBytes');
  if (sizeBytes === 0 || sizeBytes % 512 !== 0) throw fields.bad('sizeBytes');
  return { sizeBytes, write: fields.boolean('write') };
}

function fileHeader(fields: Fields): FileHeader {
  const header = {
    role: fields.choice('role', FILE_ROLES),
    name: fields.text('name', PATH_MAX),
    sizeBytes: fields.integer('sizeBytes', 2 ** 31 - 1),
  };
  return fields.has('path') ? { ...header, path: fields.text('path', PATH_MAX) } : header;
}

export function encodeEnd({ at, digest, outputSha256, ...rest }: End): Uint8Array {
  return encodePlain({ ...at, ...rest, digest: Buffer.from(digest, 'hex'), outputSha256: Buffer.from(outputSha256, 'hex') });
}

/** Throws `ImageError`, whose message begins with `where`. */
export function decodeEnd(payload: Uint8Array, where: string): End {
  const fields = new Fields(decodePlain(payload, where), where);
  return {
    at: { tick: fields.integer('tick'), skippedNs: fields.integer('skippedNs') },
    digest: hex(fields.bytes('digest', 16)),
    reason: fields.text('reason', 64),
    ...(fields.has('exitCode') ? { exitCode: fields.integer('exitCode', 2 ** 32 - 1) } : {}),
    outputBytes: fields.integer('outputBytes'),
    outputSha256: hex(fields.bytes('outputSha256', 32)),
  };
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
