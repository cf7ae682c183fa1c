/**
 * `npm run setup`: fetches and builds what is missing, and does nothing, without network, when
 * nothing is. bin/setup.js has installed the packages before this runs.
 */
import { parseArgs } from 'node:util'
import { SystemError, messageOf } from '../core/errors.ts'
import { say } from './progress.ts'
import { ensureSet } from './sets.ts'

const options = {
  lab: { type: 'boolean' },
  test: { type: 'boolean' },
  arm64: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

const usage = `usage: npm run setup [-- [--lab | --test] [--arm64]]

Fetches and builds what is missing; needs no network when nothing is.

  (nothing)  boot loaders and the built-in image
  --lab      and QEMU with its firmware, for "npm run bootlace -- lab"
  --test     and the clients that "npm test" runs
  --arm64    and TinyVM for ARM64 (--test brings it, too)`

async function main(args: string[]): Promise<number> {
  const { lab, test, arm64, help } = parseArgs({ args, options }).values
  if (help) {
    console.log(usage)
    return 0
  }
  await ensureSet(test ? 'test' : lab ? 'lab' : 'serve', { arm64: arm64 ?? false })
  return 0
}

function failed(error: unknown): number {
  if (error instanceof SystemError) say(messageOf(error))
  else if (error instanceof TypeError && 'code' in error) say(`${error.message}\n${usage}`)
  else throw error
  return error instanceof SystemError ? 1 : 2
}

process.exitCode = await main(process.argv.slice(2)).catch(failed)
