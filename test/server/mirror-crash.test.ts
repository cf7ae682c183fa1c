import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ask } from '../support/mirror-fixture.ts'
import { AutoDeployOrigin } from '../support/origin.ts'
import { payloadOctets } from '../support/origin-payloads.ts'

const rounds = 15

async function startMirror(origin: URL, directory: string) {
  const script = join(import.meta.dirname, '../support/mirror-process.ts')
  const child = spawn(process.execPath, [script, origin.origin, directory], {
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

test(`kill -9 at ${rounds} moments of filling: nothing short or damaged is ever served`, async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'bootlace-crash-'))
  const directory = join(scratch, 'cache')
  const origin = new AutoDeployOrigin({ plain: true })
  await origin.start()
  origin.inject({ path: '/vmw/cache/', rate: 4_000_000 })
  const payloads = origin.payloads.slice(0, 24)
  const random = seeded(7)
  let warm = 0
  for (let round = 0; round < rounds; round++) {
    const { child, port } = await startMirror(origin.url, directory)
    const answers = payloads.map(async (payload) => {
      const answer = await ask({ port, path: payload.path }).catch(() => undefined)
      if (answer?.whole !== true) return
      expect(answer.status).toBe(200)
      expect(answer.body.equals(payloadOctets(payload)), `${payload.name} in round ${round}`).toBe(
        true,
      )
      if (answer.headers['x-cache'] === 'HIT') warm += 1
    })
    await sleep(40 + random() * 500)
    await kill(child)
    await Promise.all(answers)
    for (const path of bodies(directory)) {
      expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(path.slice(-64))
    }
    if (random() < 0.2) rmSync(directory, { recursive: true, force: true })
  }
  expect(warm, 'some rounds found what an earlier one had stored').toBeGreaterThan(0)
  await origin.close()
  const { child, port } = await startMirror(origin.url, directory)
  const answers = await Promise.all(payloads.map(({ path }) => ask({ port, path })))
  for (const [index, answer] of answers.entries()) {
    expect([200, 502]).toContain(answer.status)
    if (answer.status === 502) continue
    expect(answer.body.equals(payloadOctets(payloads[index]!))).toBe(true)
  }
  expect(readdirSync(join(directory, 'tmp'))).toEqual([])
  await kill(child)
  rmSync(scratch, { recursive: true, force: true })
}, 120_000)

function bodies(directory: string): string[] {
  const folder = join(directory, 'content-v1')
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
