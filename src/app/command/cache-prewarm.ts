/**
 * Fetches ahead what a boot will need, through the mirror that runs: so the same rules hold, and a
 * machine that boots meanwhile shares the downloads. What the rules never store is not asked for.
 */
import { existsSync, readFileSync } from 'node:fs'
import { Pool } from 'undici'
import { bootCfgFiles } from '../../boot/esxi/boot-cfg.ts'
import { serverUrl } from '../../boot/plan.ts'
import { formatBytes, formatDuration } from '../../boot/story.ts'
import { InputError, SystemError, messageOf } from '../../core/errors.ts'
import { classify } from '../../protocol/cache/policy.ts'
import { rulesOf } from '../../protocol/cache/rules.ts'
import type { Config } from '../config/config-schema.ts'

export interface PrewarmOptions {
  readonly config: Config
  /** A file, a path of the mirror, or a URL of its origin. */
  readonly source: string
  readonly mirror?: string | undefined
  readonly server: string
  readonly json: boolean
}

/** How many at a time: as many as the mirror asks its origin for. */
const connections = 6

type MirrorSettings = Config['mirrors'][string]

export async function prewarm(options: PrewarmOptions): Promise<number> {
  const settings = mirrorSettings(options)
  await using mirror = openMirror(serverUrl(options.server, settings.port))
  const started = performance.now()
  const targets = await targetsOf(options.source, settings, mirror)
  const rules = rulesOf(settings.profile, settings.rules)
  const asked = targets.map((target) => ({
    target,
    isStored:
      classify({ method: 'GET', target, headers: {}, hostLines: 1 }, rules).action !== 'pass',
  }))
  const wanted = asked.filter(({ isStored }) => isStored).map(({ target }) => target)
  const results = await Promise.all(wanted.map((target) => mirror.get(target)))
  const failed = results.filter(({ problem }) => problem !== undefined)
  const report = {
    here: results.length - failed.length,
    wereHere: results.filter(({ cache }) => cache === 'HIT').length,
    bytes: results.reduce((sum, { bytes }) => sum + bytes, 0),
    ms: Math.round(performance.now() - started),
    neverStored: asked.filter(({ isStored }) => !isStored).map(({ target }) => pathOnly(target)),
    failed: failed.map(({ target, problem }) => ({ path: pathOnly(target), problem })),
  }
  if (options.json) console.log(JSON.stringify(report, undefined, 2))
  else tell(report)
  return failed.length === 0 ? 0 : 1
}

function tell(report: {
  readonly here: number
  readonly wereHere: number
  readonly bytes: number
  readonly ms: number
  readonly neverStored: readonly string[]
  readonly failed: readonly { readonly path: string; readonly problem: string | undefined }[]
}): void {
  const { here, wereHere, bytes, ms, neverStored, failed } = report
  for (const { path, problem } of failed) console.log(`${path}: ${problem}`)
  for (const path of neverStored) console.log(`${path}: never stored, by the rules`)
  console.log(
    `${here} of ${here + failed.length} paths are in the cache, ${formatBytes(bytes)} ` +
      `in ${formatDuration(ms)}; ${wereHere} were there before`,
  )
}

function mirrorSettings({ config, mirror }: PrewarmOptions): MirrorSettings {
  const names = Object.keys(config.mirrors)
  const name = mirror ?? (names.length === 1 ? names[0] : undefined)
  const settings = name === undefined ? undefined : config.mirrors[name]
  if (settings !== undefined) return settings
  throw new InputError([`--mirror: which one? There are: ${names.join(', ') || 'none'}`])
}

interface Got {
  readonly target: string
  readonly bytes: number
  readonly cache: string
  readonly problem?: string
}

interface RunningMirror extends AsyncDisposable {
  text(target: string): Promise<string>
  get(target: string): Promise<Got>
}

function openMirror(url: string): RunningMirror {
  const pool = new Pool(url, { connections, pipelining: 1, bodyTimeout: 0 })
  return {
    text: async (path) => {
      try {
        const { statusCode, body } = await pool.request({ path, method: 'GET' })
        const text = await body.text()
        if (statusCode === 200) return text
        throw new InputError([`${pathOnly(path)}: the mirror answered ${statusCode}: ${text}`])
      } catch (error) {
        if (error instanceof InputError) throw error
        throw new SystemError(`no mirror answers at ${url}: ${messageOf(error)}. Is it running?`)
      }
    },
    get: (target) => fetched(pool, target),
    [Symbol.asyncDispose]: () => pool.close(),
  }
}

async function fetched(pool: Pool, target: string): Promise<Got> {
  let bytes = 0
  try {
    const { statusCode, headers, body } = await pool.request({ path: target, method: 'GET' })
    for await (const chunk of body) if (chunk instanceof Uint8Array) bytes += chunk.length
    const cache = String(headers['x-cache'])
    const done = { target, bytes, cache }
    if (statusCode !== 200) return { ...done, problem: `the mirror answered ${statusCode}` }
    return cache === 'PASS' ? { ...done, problem: 'the origin forbids to store it' } : done
  } catch (error) {
    return { target, bytes, cache: '', problem: messageOf(error) }
  }
}

/** Each path once, in the order of a boot. */
async function targetsOf(
  source: string,
  { origin }: MirrorSettings,
  mirror: RunningMirror,
): Promise<readonly string[]> {
  const isFile = existsSync(source)
  const place = isFile ? undefined : targetIn(source, origin)
  if (!isFile && place === undefined) {
    throw new InputError([
      `${source}: neither a file nor a path of the mirror, such as /a/boot.cfg`,
    ])
  }
  const text = place === undefined ? readFileSync(source, 'utf8') : await mirror.text(place)
  const folder = pathOnly(place ?? '/').replace(/[^/]*$/, '')
  const named = bootCfgFiles(text, folder) ?? linesOf(text)
  const targets = named.flatMap((name) => targetIn(name, origin) ?? [])
  if (targets.length > 0) return [...new Set(targets)]
  throw new InputError([`${source}: names no path of ${origin.origin}`])
}

function linesOf(text: string): readonly string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

/** `/path?query` of what the mirror has: a path, or a URL of its origin. */
function targetIn(name: string, origin: URL): string | undefined {
  if (name.startsWith('/')) return name
  if (!name.startsWith(`${origin.origin}/`)) return undefined
  return name.slice(origin.origin.length)
}

/** Queries of a boot may hold tickets. */
function pathOnly(target: string): string {
  return target.split('?', 1)[0] ?? target
}
