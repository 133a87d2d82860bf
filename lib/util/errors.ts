/** The errors that leave the program as one line of text, each with the exit code it means. */

/** The user's mistake: a wrong option, or a combination that cannot work. Exit code 2. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** An input file is bad; the message names the file and, where it helps, the byte offset. Exit code 2. */
export class ImageError extends Error {
  override name = 'ImageError';
}

/** An `ImageError` that names the file and the byte offset in it. */
export function imageErrorAt(file: string, offset: number, what: string): ImageError {
  return new ImageError(`${file}: at offset 0x${offset.toString(16)}: ${what}`);
}

/** A replay is not the recorded run any more. Exit code 3. */
export class ReplayDivergenceError extends Error {
  override name = 'ReplayDivergenceError';
  /** Where it was noticed, or where it began if that is known. */
  readonly tick: number;
  readonly expected: string;
  readonly actual: string;
  /** Where the states were the same for the last time, as far as is known. */
  readonly agreed: { readonly tick: number; readonly skippedNs: number } | undefined;

  constructor(
    message: string,
    at: { tick: number; expected: string; actual: string; agreed?: { readonly tick: number; readonly skippedNs: number } | undefined },
  ) {
    super(message);
    this.agreed = at.agreed;
    this.tick = at.tick;
    this.expected = at.expected;
    this.actual = at.actual;
  }
}

/** The guest, or the caller, asked for something that hindsight does not model. */
export class UnimplementedError extends Error {
  override name = 'UnimplementedError';
}

/** An invariant of hindsight itself is broken: always a bug. */
export class InternalError extends Error {
  override name = 'InternalError';
}

/** Throws `InternalError` with `message` unless `condition` holds. Stays on in production. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InternalError(message);
}

/** For the `default` of a switch over a closed union: does not compile while a case is missing. */
export function unreachable(value: never): never {
  throw new InternalError(`unreachable case ${String(value)}`);
}

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'a part of the path is no directory',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'name too long',
  ENOSPC: 'no space left on the device',
  EROFS: 'read-only file system',
  EADDRINUSE: 'the port is in use',
  EADDRNOTAVAIL: 'this host has no such address',
};

/** What a failed system call means, in words. */
export function describeSystemError(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return SYSTEM_ERRORS[code ?? ''] ?? code ?? message ?? String(error);
}
