/**
 * `npm run bench [-- PART…] [--rounds N] [--write]`: figures beside other servers, measured in the
 * same run on the same machine. Prints one table per part; `--write` keeps them in
 * docs/performance.md with the date and the machine. Beside it `fleet` with options of its own
 * (`fleet-command.ts`), and `origin`, which serves until it is told to end.
 */
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { SystemError } from '../src/core/errors.ts'
import { originProgram } from '../test/support/origin-program.ts'
import { load } from './accounting.ts'
import { keepTable } from './keep.ts'
import type { Part } from './part.ts'
import { renderTable } from './table.ts'
import { tftpPart } from './tftp.ts'
import { bootPart } from './boot.ts'
import { discPart } from './disc.ts'
import { fleetPart } from './fleet.ts'
import { fleetCommand } from './fleet-command.ts'
import { mirrorPart } from './mirror.ts'
import { stormPart } from './storm.ts'

const parts: Readonly<Record<string, Part>> = {
  boot: bootPart,
  tftp: tftpPart,
  disc: discPart,
  mirror: mirrorPart,
  peers: stormPart,
  'fleet-tiny': fleetPart({ hosts: 500, image: 'tiny' }),
  'fleet-esxi8': fleetPart({ hosts: 50, image: 'esxi8' }),
}

const [command, ...words] = process.argv.slice(2)
if (command === 'origin') await originProgram(words)
else process.exitCode = await main()

async function main(): Promise<number> {
  // What was started and made is removed at exit.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  return command === 'fleet' ? await bootFleet() : await measureParts()
}

async function bootFleet(): Promise<number> {
  const task = fleetCommand(words)
  return typeof task === 'number' ? task : await measure(task.name, task.part, task)
}

async function measureParts(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: 'string', default: '3' }, write: { type: 'boolean' } },
  })
  const unknown = positionals.filter((name) => !(name in parts))
  const rounds = Number(values.rounds)
  if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
    const names = Object.keys(parts).join(' ')
    console.error(`npm run bench -- [--rounds N] [--write] [PART…], parts: ${names}`)
    return 2
  }
  const chosen = Object.entries(parts).filter(
    ([name]) => positionals.length === 0 || positionals.includes(name),
  )
  for (const [name, part] of chosen) {
    const code = await measure(name, part, { rounds, write: values.write ?? false })
    if (code !== 0) return code
  }
  return 0
}

async function measure(
  name: string,
  part: Part,
  { rounds, write }: { readonly rounds: number; readonly write: boolean },
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'bootlace-bench-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  const loadBefore = load()
  try {
    const report = await part.run({ rounds, folder, say })
    const conditions = `${rounds} rounds; load of the machine before: ${loadBefore}.`
    console.log(`\n${part.title}\n${conditions}\n\n${renderTable(report.table)}`)
    if (write) await keepTable(name, { ...report, conditions })
    return 0
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
    console.error(`bench: ${error.message}`)
    return 1
  } finally {
    process.off('exit', remove)
    remove()
  }
}

function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`)
}
