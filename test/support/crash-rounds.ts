/**
 * Kills a mirror at random moments of filling, evicting and serving, again and again over the same
 * cache, and looks whether anything short, mixed or damaged is left or served. By hand:
 *
 *     node test/support/crash-rounds.ts 200 [SEED]
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AutoDeployOrigin } from './origin.ts'
import { type Payload, payloadOctets } from './origin-payloads.ts'
import { ask } from './mirror-fixture.ts'

export interface CrashReport {
  readonly rounds: number
  /** Answers that said they were whole, and were. */
  readonly whole: number
  /** Those of them that an earlier round had stored. */
  readonly warm: number
  /** Bodies on disk that were read and compared, after all the kills. */
  readonly bodies: number
  /** What must never be: a sentence each. */
  readonly problems: readonly string[]
}

/** Less than all payloads, so that each round evicts, too. */
const share = 0.6

export async function crashRounds(rounds: number, seed: number): Promise<CrashReport> {
  using opened = new DisposableStack()
  const scratch = mkdtempSync(join(tmpdir(), 'bootlace-crash-'))
  opened.defer(() => rmSync(scratch, { recursive: true, force: true }))
  const directory = join(scratch, 'cache')
  const origin = new AutoDeployOrigin({ plain: true })
  await origin.start()
  origin.inject({ path: '/vmw/cache/', rate: 4_000_000 })
  const payloads = origin.payloads.slice(0, 24)
  const size = Math.floor(payloads.reduce((sum, payload) => sum + payload.size, 0) * share)
  const random = seeded(seed)
  const report = { rounds, whole: 0, warm: 0, bodies: 0, problems: [] as string[] }
  for (let round = 0; round < rounds; round++) {
    const { child, port } = await startMirror(origin.url, directory, size)
    const order = payloads.toSorted(() => random() - 0.5)
    const answers = order.map((payload) => judge(report, port, payload))
    await sleep(20 + random() * 500)
    // However busy the machine is: most kills find something stored.
    if (random() < 0.7) await Promise.race(answers)
    await kill(child)
    await Promise.all(answers)
    compareBodies(report, directory)
    if (random() < 0.1) rmSync(directory, { recursive: true, force: true })
  }
  await origin.close()
  const { child, port } = await startMirror(origin.url, directory, size)
  await Promise.all(payloads.map((payload) => judge(report, port, payload)))
  const left = readdirSync(join(directory, 'tmp'))
  if (left.length > 0) report.problems.push(`left in tmp/: ${left.join(', ')}`)
  await kill(child)
  return report
}

type Report = { -readonly [K in keyof CrashReport]: CrashReport[K] } & { problems: string[] }

async function judge(report: Report, port: number, payload: Payload): Promise<void> {
  const answer = await ask({ port, path: payload.path }).catch(() => undefined)
  if (answer?.whole !== true || answer.status === 502) return // cut by the kill, or no origin
  const isRight = answer.status === 200 && answer.body.equals(payloadOctets(payload))
  if (!isRight) report.problems.push(`${payload.name}: told whole with ${answer.status}, and wrong`)
  report.whole += 1
  if (answer.headers['x-cache'] === 'HIT') report.warm += 1
}

function compareBodies(report: Report, directory: string): void {
  const folder = join(directory, 'content-v1')
  if (!existsSync(folder)) return
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const octets = readFileSync(join(entry.parentPath, entry.name))
    const sha256 = createHash('sha256').update(octets).digest('hex')
    if (sha256 !== entry.name) report.problems.push(`damaged on disk: ${entry.name}`)
    report.bodies += 1
  }
}

async function startMirror(origin: URL, directory: string, size: number) {
  const script = join(import.meta.dirname, 'mirror-process.ts')
  const child = spawn(process.execPath, [script, origin.origin, directory, `${size}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, port: Number(line.toString()) }
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** A sequence of numbers in 0..1 that is the same in every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

if (import.meta.main) {
  const [rounds = '200', seed = '7'] = process.argv.slice(2)
  const report = await crashRounds(Number(rounds), Number(seed))
  console.log(JSON.stringify(report, undefined, 2))
  process.exitCode = report.problems.length === 0 ? 0 : 1
}
