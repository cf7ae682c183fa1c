/** A cache on a disk that is really full: a small tmpfs in a mount namespace of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ask } from '../support/mirror-fixture.ts'
import { AutoDeployOrigin } from '../support/origin.ts'
import { payloadOctets } from '../support/origin-payloads.ts'

const script = join(import.meta.dirname, '../support/mirror-process.ts')

async function firstLine(child: ChildProcess): Promise<string> {
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  return line.toString().trim()
}

async function stopped(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal)
  await once(child, 'exit')
}

/** Holds a namespace in which `folder` is a disk of so many KiB, until it is stopped. */
async function smallDisk(folder: string, kibibytes: number): Promise<ChildProcess> {
  const mount = `mount -t tmpfs -o size=${kibibytes}k tmpfs "$1" && echo mounted && exec cat`
  const holder = spawn(
    'unshare',
    ['-m', '--propagation', 'private', 'sh', '-c', mount, '-', folder],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  expect(await firstLine(holder)).toBe('mounted')
  return holder
}

test('a full disk: everything is served whole, then and after each restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bootlace-full-'))
  const origin = new AutoDeployOrigin({ plain: true })
  await origin.start()
  const payloads = origin.payloads.slice(0, 30)
  const disk = await smallDisk(folder, 2048)
  let hits = 0
  for (let start = 0; start < 4; start++) {
    const child = spawn(
      'nsenter',
      [
        '-m',
        '-t',
        `${disk.pid}`,
        process.execPath,
        script,
        origin.url.origin,
        join(folder, 'cache'),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const port = Number(await firstLine(child))
    for (const payload of [...payloads, ...payloads.toReversed()]) {
      const [one, other] = await Promise.all([
        ask({ port, path: payload.path }),
        ask({ port, path: payload.path }),
      ])
      for (const answer of [one, other]) {
        expect([answer.status, answer.whole]).toEqual([200, true])
        expect(answer.body.equals(payloadOctets(payload))).toBe(true)
        if (answer.headers['x-cache'] === 'HIT') hits += 1
      }
    }
    await stopped(child, 'SIGKILL')
  }
  expect(hits, 'what fitted was stored').toBeGreaterThan(30)
  const total = payloads.reduce((sum, { path }) => sum + origin.count(path).gets, 0)
  expect(total, 'what did not fit was fetched again').toBeGreaterThan(payloads.length)
  await origin.close()
  await stopped(disk, 'SIGTERM')
  rmSync(folder, { recursive: true, force: true })
}, 120_000)
