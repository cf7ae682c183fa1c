/**
 * `npm run setup`: fetches and builds what is missing, and does nothing, without network, when
 * nothing is. bin/setup.js has installed the packages before this runs.
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { InputError, SystemError, messageOf } from '../core/errors.ts'
import { PackageArchive } from './apt.ts'
import { ensureRoms } from './lab-files.ts'
import { ensureLoaders } from './loaders.ts'
import { places } from './places.ts'
import { say } from './progress.ts'
import { ensureTinyvm } from './tinyvm/build.ts'

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { lab: { type: 'boolean', default: false } },
  })
  await using archive = new PackageArchive(places.private)
  await ensureLoaders(archive)
  await ensureTinyvm(archive, await version())
  if (values.lab) await ensureRoms(archive)
}

async function version(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own file
  return (JSON.parse(text) as { version: string }).version
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof SystemError || error instanceof InputError)) throw error
  say(messageOf(error))
  process.exitCode = error instanceof InputError ? 2 : 1
}
