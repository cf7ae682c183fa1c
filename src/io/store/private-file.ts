/** Files that hold secrets: nobody but their owner may read them, where the file system knows owners. */
import { chmodSync, closeSync, openSync, statSync } from 'node:fs'
import { codeOf } from '../../core/errors.ts'

/** What a mount without modes, or another's file, answers. */
const unable: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/** Makes it where it is not there, empty. Throws the file system's error. */
export function makePrivate(file: string): void {
  closeSync(openSync(file, 'a', 0o600))
  if ((statSync(file).mode & 0o077) === 0) return
  try {
    chmodSync(file, 0o600)
  } catch (error) {
    if (!unable.has(codeOf(error))) throw error
  }
}
