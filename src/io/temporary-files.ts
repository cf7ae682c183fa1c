/** What an unclean end of the service left behind in the store's folder for files to come. */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Only what is named as we name it: somebody may have chosen `/var` as the cache's folder. */
export async function emptyTemporaries(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  const ours = (await readdir(directory)).filter((name) => temporaryName.test(name))
  await Promise.all(ours.map((name) => rm(join(directory, name), { force: true })))
}

/** `812-7`, a body of process 812; `<64 hex digits>.json`, an entry. */
const temporaryName = /^(\d+-\d+|[0-9a-f]{64}\.json)$/
