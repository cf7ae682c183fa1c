/**
 * ESXi out of a disc as xorriso makes it: what mboot asks for over TFTP and over HTTP, and what the
 * service says of a disc that is not whole.
 */
import { Agent, request } from 'node:http'
import { once } from 'node:events'
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { bootFiles } from '../../src/app/boot-files.ts'
import { droppedImages } from '../../src/app/command/image-names.ts'
import { imageReport, reportLines } from '../../src/app/command/image-report.ts'
import { configSchema } from '../../src/app/config/config-schema.ts'
import { hostInstalls } from '../../src/app/host-installs.ts'
import { ImageLibrary } from '../../src/app/image-library.ts'
import { siteOf } from '../../src/app/site.ts'
import { parseMac } from '../../src/core/address.ts'
import type { ServiceEvent } from '../../src/core/events.ts'
import { MachineTable } from '../../src/boot/machine-table.ts'
import { openNetbootImage } from '../../src/io/image/netboot-image.ts'
import { openMachineStore } from '../../src/io/store/machine-store.ts'
import { answersRoute } from '../../src/server/boot/answers-route.ts'
import { EventHub } from '../../src/server/event-hub.ts'
import { buildHttpServer } from '../../src/server/http/http-server.ts'
import { TftpServer } from '../../src/server/tftp/tftp-server.ts'
import {
  type EsxiIsoOptions,
  type EsxiRelease,
  esxiFiles,
  writeEsxiIso,
} from '../support/esxi-iso.ts'
import { testFolder, tool } from '../support/image-files.ts'
import { type Fetch, runMboot } from '../support/mboot.ts'
import { TftpPeer } from '../support/tftp-peer.ts'

const mac = parseMac('52:54:00:12:34:56')!
const folderOfMac = '01-52-54-00-12-34-56'

function answersOf() {
  return Promise.resolve([{ name: 'ks.cfg', type: 'text/plain', text: 'vmaccepteula\n' }])
}

/** A service with one disc, and one host that is to install it and asks from 127.0.0.1. */
async function site(release: EsxiRelease, options?: EsxiIsoOptions) {
  const folder = testFolder()
  const images = join(folder, 'images')
  mkdirSync(images)
  cpSync(writeEsxiIso(folder, release, options), join(images, 'esxi.iso'))
  const config = configSchema.parse({
    data: folder,
    hosts: [{ name: 'esx-01', mac, boot: 'esxi', kickstart: 'ks.cfg' }],
  })
  const events: ServiceEvent[] = []
  const hub = new EventHub(Date.now, (error) => expect.unreachable(String(error)))
  hub.subscribe((event) => void events.push(event))
  const library = new ImageLibrary({
    named: () => droppedImages([images]),
    taken: new Set(),
    emit: hub.emit,
    clock: () => Date.now() + 60_000,
  })
  onTestFinished(() => library.close())
  await library.refresh()
  const configured = siteOf(config, () => library.entries())
  const learned = openMachineStore(join(folder, 'machines.db'))
  onTestFinished(() => learned.close())
  const macOf = (ip: string) => (ip === '127.0.0.1' ? mac : undefined)
  const macs = { certain: macOf, proven: macOf }
  const about = { config, learned, macs, hub, clock: Date.now, answersOf }
  const installs = hostInstalls({ ...about, site: configured })
  const machines = new MachineTable()
  const parts = { config, installs, macOf, machines, emit: hub.emit, images: library }
  const files = await bootFiles({ ...parts, site: { ...configured, hosts: installs.hosts } })
  return { config, hub, events, library, configured, installs, machines, files, macOf }
}

type Site = Awaited<ReturnType<typeof site>>

async function overHttp({ files, hub, machines, macOf, configured, installs }: Site) {
  const server = buildHttpServer({
    tree: files.tree,
    catalog: configured.catalog,
    machines,
    hub,
    macOf,
    leases: () => [],
    mirrors: () => [],
    serving: () => [],
    hosts: installs.api,
    isReady: () => true,
    clock: Date.now,
  })
  answersRoute(server, { ...files.menus, answers: installs.answers })
  onTestFinished(() => server.close())
  const port = Number(new URL(await server.listen({ host: '127.0.0.1', port: 0 })).port)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  const seen: { readonly status: number; readonly headers: Record<string, unknown> }[] = []
  /** As esx-boot says it: no port in Host, one connection; HTTP without a length is an error to it. */
  async function ask(url: string, method: 'GET' | 'HEAD' = 'GET'): Promise<Uint8Array | undefined> {
    const { pathname, hostname } = new URL(url)
    const headers = { host: hostname, 'user-agent': 'esx-boot/2.0' }
    const sent = request({ host: '127.0.0.1', port, path: pathname, method, headers, agent }).end()
    const [answer] = (await once(sent, 'response')) as [import('node:http').IncomingMessage]
    const octets = Buffer.concat(await answer.toArray())
    const { statusCode: status = 0 } = answer
    seen.push({ status, headers: answer.headers })
    if (status === 404) return undefined
    if (status !== 200) throw new Error(`${url}: ${status}`)
    if (method === 'GET') expect(Number(answer.headers['content-length'])).toBe(octets.length)
    return new Uint8Array(octets)
  }
  return { ask, seen }
}

async function overTftp({ files, macOf, hub }: Site): Promise<Fetch> {
  const server = new TftpServer({
    addresses: () => ['127.0.0.1'],
    port: 0,
    tree: files.tree,
    macOf,
    emit: hub.emit,
    clock: Date.now,
  })
  await server.start()
  onTestFinished(() => server.stop())
  const port = server.endpoints[0]!.port
  const peer = await TftpPeer.open()
  onTestFinished(() => peer.close())
  return (path) =>
    peer.fetch(path, port, { blksize: '1468', tsize: '0' }).then(
      (octets) => new Uint8Array(octets),
      (error: unknown) => {
        expect(String(error)).toContain('error 1:')
        return undefined
      },
    )
}

/** What a run loaded is what is on the disc. */
function expectWhole(
  run: Awaited<ReturnType<typeof runMboot>>,
  release: EsxiRelease,
  prefix: string,
): void {
  const disc = esxiFiles(release)
  expect(run.modules.length).toBeGreaterThan(20)
  for (const { path, octets } of run.modules) {
    expect(path.startsWith(`${prefix}/`)).toBe(true)
    expect(Buffer.compare(octets, disc[path.slice(prefix.length + 1)] ?? new Uint8Array(0))).toBe(0)
  }
}

test('UEFI by HTTP: mboot beside its files, from where DHCP sent it', async () => {
  const own = await site('8.0')
  const { ask, seen } = await overHttp(own)
  const folder = 'http://127.0.0.1/boot/esxi'
  expect(await ask(`${folder}/mboot.efi`)).toEqual(esxiFiles('8.0')['efi/boot/bootx64.efi'])
  const run = await runMboot(ask, { folder, mac })
  expect(run.asked.slice(0, 4)).toEqual([
    [`${folder}/${folderOfMac}/boot.cfg`, true],
    [`${folder}/${folderOfMac}/boot.cfg`, true],
    [`${folder}/crypto64.efi`, true],
    [`${folder}/b.b00`, true],
  ])
  expectWhole(run, '8.0', folder)
  expect(run.config).toMatch(
    /^kernelopt=runweasel ks=http:\/\/127\.0\.0\.1\/ks\/[\w-]{20,}\/ks\.cfg BOOTIF=01-52-54-00-12-34-56$/m,
  )
  // Sizes first, one connection, no chunks, and nothing is packed.
  for (const { path } of run.modules) expect(await ask(path, 'HEAD')).toHaveLength(0)
  for (const { headers } of seen) {
    expect(headers['transfer-encoding'] ?? headers['content-encoding']).toBeUndefined()
    expect(headers['content-length']).toBeDefined()
  }
  const { length } = esxiFiles('8.0')['s.v00']!
  await ask(`${folder}/S.V00`, 'HEAD')
  expect(seen.at(-1)).toMatchObject({ status: 200, headers: { 'content-length': String(length) } })
})

test('UEFI by TFTP: the same, with paths of the same server', async () => {
  const own = await site('7.0')
  const fetch = await overTftp(own)
  expect(await fetch('boot/esxi/mboot.efi')).toEqual(esxiFiles('7.0')['efi/boot/bootx64.efi'])
  const run = await runMboot(fetch, { folder: '/boot/esxi', mac })
  expect(run.config).toContain('\nprefix=/boot/esxi\n')
  expectWhole(run, '7.0', '/boot/esxi')
})

test('iPXE: mboot cannot tell where it came from, and finds everything by its prefix', async () => {
  const own = await site('9.0')
  const { ask } = await overHttp(own)
  const folder = 'http://127.0.0.1/boot/esxi'
  const config = `${folder}/${folderOfMac}/boot.cfg`
  const run = await runMboot((path) => (path.includes('://') ? ask(path) : none()), { config, mac })
  expect(run.asked.slice(2, 4)).toEqual([
    ['/crypto64.efi', false],
    [`${folder}/crypto64.efi`, true],
  ])
  expectWhole(run, '9.0', folder)
})

test('an old disc without a crypto module: mboot is told so at once', async () => {
  const own = await site('6.7', { files: { 'efi/boot/crypto64.efi': undefined } })
  const { ask, seen } = await overHttp(own)
  const start = { folder: 'http://127.0.0.1/boot/esxi', mac }
  await expect(runMboot(ask, start)).rejects.toThrow('no crypto module')
  expect(seen.slice(-3).map(({ status }) => status)).toEqual([404, 404, 404])
})

test('mboot at the root, where another DHCP server may send it, and as it lies on the disc', async () => {
  const own = await site('8.0')
  const { ask } = await overHttp(own)
  const fetch = await overTftp(own)
  const root = 'http://127.0.0.1'
  expect(await ask(`${root}/mboot.efi`)).toEqual(esxiFiles('8.0')['efi/boot/bootx64.efi'])
  const run = await runMboot(ask, { folder: root, mac })
  expect(run.asked[0]).toEqual([`${root}/${folderOfMac}/boot.cfg`, true])
  expectWhole(run, '8.0', `${root}/boot/esxi`)
  expectWhole(await runMboot(fetch, { folder: '', mac }), '8.0', '/boot/esxi')
  const beside = await runMboot(ask, { folder: `${root}/boot/esxi/EFI/BOOT`, mac })
  expectWhole(beside, '8.0', `${root}/boot/esxi`)
  // Without a name for the machine it is whoever has the address.
  const other = await ask(`${root}/boot/esxi/boot.cfg`)
  expect(new TextDecoder().decode(other)).toContain(`BOOTIF=${folderOfMac}`)
})

test('BIOS: what PXELINUX 3.86 is sent for lies where it is said to', async () => {
  const fetch = await overTftp(await site('6.5'))
  const text = new TextDecoder().decode(await fetch(`boot/esxi/${folderOfMac}/pxelinux.cfg`))
  const [, kernel = ''] = /KERNEL (\S+)/.exec(text) ?? []
  const [, config = ''] = /APPEND -c (\S+)/.exec(text) ?? []
  expect(await fetch(kernel)).toEqual(esxiFiles('6.5')['mboot.c32'])
  const cfg = new TextDecoder().decode(await fetch(config))
  expect(cfg).toContain('\nkernel=tboot.b00\n')
  expect(cfg).toContain('\nprefix=/boot/esxi\n')
})

test('only the machine itself hears of its answers; when it is installed it is sent to its disk', async () => {
  const own = await site('8.0')
  const { ask } = await overHttp(own)
  const other = 'http://127.0.0.1/boot/esxi/01-52-54-00-99-99-99/boot.cfg'
  expect(new TextDecoder().decode(await ask(other))).not.toContain('ks=')
  const config = `http://127.0.0.1/boot/esxi/${folderOfMac}/boot.cfg`
  const armed = new TextDecoder().decode(await ask(config))
  const [, token = ''] = /\/ks\/([\w-]+)\//.exec(armed) ?? []
  expect(own.events.map(({ type }) => type)).toContain('install.started')
  const answers = `http://127.0.0.1/ks/${token}`
  expect(own.installs.nextBoot(mac)).toBe('esxi')
  expect(new TextDecoder().decode(await ask(`${answers}/ks.cfg`))).toBe('vmaccepteula\n')
  expect(own.installs.nextBoot(mac)).toBe('disk')
  expect(new TextDecoder().decode(await ask(`${answers}/done`))).toBe('ok\n')
  expect(own.installs.nextBoot(mac)).toBe('disk')
  for (const path of [
    config,
    'http://127.0.0.1/boot.cfg',
    `http://127.0.0.1/${folderOfMac}/boot.cfg`,
  ]) {
    const disk = new TextDecoder().decode(await ask(path))
    expect(disk).toContain('\nskip=1\n')
    expect(disk).not.toContain('ks=')
  }
  expect(own.installs.hosts.get(mac)?.boot).toBe('disk')
})

test('a disc that lacks a module is no entry, and says which', async () => {
  const folder = testFolder()
  const image = writeEsxiIso(folder, '8.0', {
    files: { 'vsan.v00': undefined, 'mboot.c32': undefined },
  })
  const opened = await openNetbootImage(image, { name: 'esxi' })
  onTestFinished(() => opened.close())
  const report = imageReport(opened, 'esxi')
  expect(report.entries).toEqual([])
  expect(report.kind).toBe('esxi')
  expect(reportLines(report).join('\n')).toContain(
    'note        its boot.cfg names vsan.v00, and the image has no such file',
  )
  expect(report.notes).toContain('it has no mboot.c32: BIOS machines cannot start it')
  const { configured, events } = await site('8.0', { files: { 'vsan.v00': undefined } })
  expect(configured.catalog.entries.map(({ name }) => name)).not.toContain('esxi')
  expect(events.find(({ type }) => type === 'image.ready')?.detail).toContain('names vsan.v00')
})

test('each release is recognised, and a folder is as good as a disc', async () => {
  for (const [release, version] of [
    ['6.5', '6.5.0'],
    ['6.7', '6.7.0'],
    ['7.0', '7.0.3'],
    ['8.0', '8.0.3'],
    ['9.0', '9.0.0'],
  ] as const) {
    const folder = testFolder()
    const image = writeEsxiIso(folder, release)
    const unpacked = join(folder, 'unpacked')
    tool('xorriso', '-osirrox', 'on', '-indev', image, '-extract', '/', unpacked)
    for (const path of [image, unpacked]) {
      const opened = await openNetbootImage(path, { name: 'esxi' })
      expect(opened.kind?.version).toBe(version)
      expect(opened.offers?.esxi?.missing).toEqual([])
      expect(imageReport(opened, 'esxi').entries).toMatchObject([
        { name: 'esxi', kernel: 'mboot.efi' },
      ])
      await opened.close()
    }
  }
})

function none(): Promise<undefined> {
  return Promise.resolve(undefined)
}
