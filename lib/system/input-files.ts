/** The files that a machine is built from: read by role, so that a recorder can keep them and a recording can supply them. */

export const FILE_ROLES = ['kernel', 'firmware', 'initrd', 'dtb'] as const;
export type FileRole = (typeof FILE_ROLES)[number];

export interface InputFiles {
  /** The contents of the file at `path`, which has that role. Throws `ImageError`. */
  read(role: FileRole, path: string): Uint8Array;
}
