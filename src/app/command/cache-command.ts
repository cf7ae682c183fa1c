/** `cache`: what the mirrors have stored; checked, fetched ahead, thrown away. The service may run. */
import { statfs } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { formatBytes } from '../../boot/story.ts'
import { InputError } from '../../core/errors.ts'
import { cacheEntries, checkBody, removeBody } from '../../io/cache/cache-folder.ts'
import type { LoadedEntry } from '../../io/cache/index-journal.ts'
import { pathOf, spaceOf } from '../../protocol/cache/policy.ts'
import { matchesGlob } from '../../protocol/cache/rules.ts'
import { prewarm } from './cache-prewarm.ts'
import { loadConfig } from '../config/config.ts'
import type { Config } from '../config/config-schema.ts'

const help = `bootlace cache ls [PATTERN] [OPTIONS]
bootlace cache stat [OPTIONS]
bootlace cache verify [PATTERN] [OPTIONS]
bootlace cache prewarm SOURCE [--server HOST] [OPTIONS]
bootlace cache purge PATTERN | --all [OPTIONS]

ls lists what is stored, the longest unused first; stat sums it up. verify reads every body, compares
it with its checksum and removes what is damaged, which is then fetched again. prewarm fetches what a
boot will need through the running mirror; SOURCE is a boot.cfg or a list of paths, one in a line, in
a file or at a path of the mirror. purge removes. All of it may be done while the service runs.

  PATTERN         of paths, as in rules: * within one part, ** anything
  --mirror NAME   only of this mirror; prewarm: through it
  --server HOST   where the mirror runs; default: 127.0.0.1
  --config FILE   the configuration, as for serve
  --json          as JSON
  --help          this text

Exit code 1 when verify found damage, or prewarm could not have everything.

Example: bootlace cache purge '/vmw/cache/**' --mirror autodeploy
         bootlace cache prewarm boot.cfg`

const options = {
  all: { type: 'boolean', default: false },
  mirror: { type: 'string' },
  server: { type: 'string', default: '127.0.0.1' },
  config: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

export async function cacheCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options })
  if (values.help) {
    console.log(help)
    return 0
  }
  const [verb = '', word, ...rest] = positionals
  const command = Object.hasOwn(commands, verb) ? commands[verb] : undefined
  if (command === undefined || rest.length > 0) throw new InputError([help])
  const config = loadConfig({ file: values.config, environment: process.env })
  const { mirror } = values
  if (mirror !== undefined && !Object.hasOwn(config.mirrors, mirror)) {
    const known = Object.keys(config.mirrors).join(', ')
    throw new InputError([`--mirror: there is no mirror ${mirror}; there are: ${known || 'none'}`])
  }
  return await command({ ...values, config, word })
}

interface Asked {
  readonly config: Config
  /** What follows the verb. */
  readonly word: string | undefined
  readonly mirror?: string | undefined
  readonly server: string
  readonly all: boolean
  readonly json: boolean
}

const commands: Readonly<Record<string, (asked: Asked) => Promise<number>>> = {
  ls: list,
  stat: sumUp,
  verify,
  prewarm: async (asked) => await prewarm({ ...asked, source: needed(asked.word) }),
  purge,
}

function needed(word: string | undefined): string {
  if (word === undefined) throw new InputError([help])
  return word
}

/** An object as it is shown. */
interface Shown {
  readonly mirror: string
  /** With its query. */
  readonly path: string
  readonly bytes: number
  readonly sha256: string
  readonly stored: string
  readonly used: string
}

function chosen({ config, word, mirror }: Asked): readonly LoadedEntry[] {
  const { directory } = config.cache
  return cacheEntries(directory).filter(({ entry }) => {
    const { name, target } = spaceOf(entry.key)
    const isIts = mirror === undefined || name === mirror
    return isIts && (word === undefined || matchesGlob(pathOf(target), word))
  })
}

function shown({ entry, usedAt }: LoadedEntry): Shown {
  const { key, size: bytes, sha256, storedAt } = entry
  const { name: mirror, target: path } = spaceOf(key)
  const [stored, used] = [timeText(storedAt), timeText(usedAt)]
  return { mirror, path, bytes, sha256, stored, used }
}

function timeText(at: number): string {
  return new Date(at).toISOString()
}

function list(asked: Asked): Promise<number> {
  const rows = chosen(asked).map(shown)
  if (asked.json) console.log(JSON.stringify(rows, undefined, 2))
  else if (rows.length === 0) {
    const isAll = asked.word === undefined && asked.mirror === undefined
    console.log(`${asked.config.cache.directory}: nothing ${isAll ? '' : 'of that '}is stored`)
  }
  for (const { mirror, path, bytes, used } of asked.json ? [] : rows) {
    console.log(`${used.slice(0, 16)}  ${formatBytes(bytes).padStart(10)}  ${mirror}  ${path}`)
  }
  return Promise.resolve(0)
}

async function sumUp(asked: Asked): Promise<number> {
  const { directory, size: limit } = asked.config.cache
  const rows = chosen(asked).map(shown)
  const { bavail, bsize } = await statfs(directory).catch(() => ({ bavail: 0, bsize: 0 }))
  const mirrors = Object.entries(Object.groupBy(rows, ({ mirror }) => mirror)).map(
    ([mirror, own = []]) => ({ mirror, objects: own.length, bytes: bytesOf(own) }),
  )
  const sum = { directory, objects: rows.length, bytes: bytesOf(rows), limit, free: bavail * bsize }
  if (asked.json) {
    console.log(JSON.stringify({ ...sum, mirrors }, undefined, 2))
    return 0
  }
  console.log(
    `${directory}: ${counted(sum.objects)}, ${formatBytes(sum.bytes)} of ${formatBytes(limit)}; ` +
      `${formatBytes(sum.free)} are free on its disk`,
  )
  for (const { mirror, objects, bytes } of mirrors) {
    console.log(`${mirror}: ${counted(objects)}, ${formatBytes(bytes)}`)
  }
  return 0
}

function counted(objects: number): string {
  return objects === 1 ? '1 object' : `${objects} objects`
}

/** Equal bodies are stored once. */
function bytesOf(rows: readonly Shown[]): number {
  const bodies = new Map(rows.map(({ sha256, bytes }) => [sha256, bytes]))
  return [...bodies.values()].reduce((sum, bytes) => sum + bytes, 0)
}

async function verify(asked: Asked): Promise<number> {
  const { directory } = asked.config.cache
  const damaged: Shown[] = []
  const all = chosen(asked)
  for (const each of all) {
    if ((await checkBody(directory, each.entry)) !== 'damaged') continue
    await removeBody(directory, each.entry)
    damaged.push(shown(each))
  }
  if (asked.json) console.log(JSON.stringify({ checked: all.length, damaged }, undefined, 2))
  else {
    for (const { mirror, path } of damaged) console.log(`damaged, removed: ${mirror}  ${path}`)
    console.log(`${counted(all.length)} checked, ${damaged.length} damaged`)
  }
  return damaged.length === 0 ? 0 : 1
}

async function purge(asked: Asked): Promise<number> {
  if ((asked.word === undefined) !== asked.all) {
    throw new InputError(['purge what? A PATTERN, or --all (of one mirror, with --mirror)'])
  }
  const gone = chosen(asked)
  for (const { entry } of gone) await removeBody(asked.config.cache.directory, entry)
  const rows = gone.map(shown)
  if (asked.json) console.log(JSON.stringify({ removed: rows }, undefined, 2))
  else console.log(`${counted(rows.length)} removed, ${formatBytes(bytesOf(rows))}`)
  return 0
}
