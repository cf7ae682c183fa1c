/**
 * The card's own sentence: machines with Debian's iPXE take lease and loader from Bootlace, their
 * `tramp` by TFTP, and through the mirror they register, read boot.cfg and download every payload
 * of an image from an origin over TLS.
 */
import { readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { LabResult } from '../../src/lab/boot-run.ts'
import { type Lab, openLab } from '../../src/lab/lab.ts'
import type { PathCount } from '../support/origin.ts'
import { hostId } from '../support/origin-hosts.ts'
import { deliveries, story, timeout } from './lab-boot.ts'
import { OriginProcess, originUrl } from './origin-process.ts'

const done = /Auto Deploy: (all payloads fetched|FAILED)/

test('each payload leaves vCenter once, for UEFI and BIOS machines alike', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bootlace-autodeploy-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const ca = join(folder, 'vmca.pem')
  let origin: OriginProcess | undefined
  await using lab = await openLab({
    mode: 'full',
    machines: [
      { firmware: 'uefi', boot: 'autodeploy' },
      { firmware: 'uefi', boot: 'autodeploy' },
      { firmware: 'ipxe', boot: 'autodeploy' },
    ],
    before: async (network) => (origin = await OriginProcess.start(network, ca)),
    config: { mirrors: { autodeploy: { origin: originUrl, trust: { ca } } } },
  })
  // The first alone, on an empty cache; then two at the same moment.
  const [first, second, third] = lab.machines
  const results = [
    await first!.boot({ timeout, until: done }),
    ...(await Promise.all([second, third].map((one) => one!.boot({ timeout, until: done })))),
  ]
  for (const result of results) expectWholeBoot(result)
  expect(deliveries(results[0]!)).toContain('tftp snponly.efi')

  const { paths, payloads } = await origin!.counters()
  const fetches = payloads.map(({ path }) => paths[path])
  expect(fetches).toEqual(payloads.map(() => expect.objectContaining({ gets: 1, heads: 0 })))
  const dynamic = Object.keys(paths).filter((path) => path.startsWith('/vmw/rbd/'))
  expect(dynamic.map((path) => [path, asked(paths[path])])).toEqual(
    dynamic.map((path) => [path, passed(lab, path)]),
  )
  expect(paths['/vmw/rbd/tramp']?.gets).toBe(3)
  expect(paths['/vmw/rbd/host-register']?.gets).toBe(3)
  for (const { mac } of lab.machines) {
    expect(paths[`/vmw/rbd/host/${hostId(mac)}/boot.cfg`]?.gets).toBe(1)
    expect(paths[`/vmw/rbd/host/${hostId(mac)}/waiter.tgz`]?.gets).toBe(1)
  }
  await expectNoSecrets(lab)
})

function expectWholeBoot(result: LabResult): void {
  if (!result.ok) throw new Error(story(result))
  expect(result.serial).toContain('Auto Deploy: all payloads fetched')
  expect(deliveries(result)).toContain('tftp tramp')
}

function asked(count: PathCount | undefined): number {
  return (count?.gets ?? 0) + (count?.heads ?? 0) + (count?.others ?? 0)
}

/** How often the mirror passed a request for this path on. */
function passed({ server }: Lab, path: string): number {
  const marks = ['"event":"mirror.pass"', `"file":"${path}"`]
  return server.log.filter((line) => marks.every((mark) => line.includes(mark))).length
}

async function expectNoSecrets({ directory, server }: Lab): Promise<void> {
  const entries = ['cache', 'data'].flatMap((folder) =>
    readdirSync(join(directory, folder), { recursive: true, withFileTypes: true }),
  )
  const files = entries.filter((entry) => entry.isFile())
  // The payloads are there, so the search looks at the right place.
  expect(files.length).toBeGreaterThanOrEqual(60)
  const texts = await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name))))
  expect(files.filter((_file, index) => texts[index]!.includes('SECRET-'))).toEqual([])
  expect(server.log.filter((line) => line.includes('SECRET-'))).toEqual([])
}
