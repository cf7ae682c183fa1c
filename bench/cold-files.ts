/** Files as after a restart of the machine: on the disk, and not in its memory. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../src/setup/commands.ts'

/** Octets: others are not what a cold start waits for. */
const large = 1 << 20

/** Takes the large files below a folder out of the page cache, and nothing else out of it. */
export async function forgetFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder, { recursive: true })) {
    const path = join(folder, name)
    const found = await stat(path).catch(() => undefined)
    if (found?.isFile() !== true || found.size < large) continue
    await run('sync', [path]) // what is not on the disk yet stays in memory
    await run('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none'])
  }
}
