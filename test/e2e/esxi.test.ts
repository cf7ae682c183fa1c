/**
 * Machines that boot from files inside of a disc. First a Linux out of an ISO; then ISOs shaped like
 * ESXi's, with a stand-in for mboot: an iPXE that asks for what mboot would ask for, where mboot would,
 * and then starts a Linux of the same disc, which reports.
 */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runLab } from '../../src/lab/lab.ts'
import { places } from '../../src/setup/places.ts'
import { writeEsxiIso } from '../support/esxi-iso.ts'
import { text, tool, writeFiles } from '../support/image-files.ts'
import { boot, deliveries, eventsOf, story, timeout } from './lab-boot.ts'

let folder: string
const linux = { vmlinuz: image('vmlinuz'), initrd: image('initrd') }

function image(path: string): Uint8Array {
  return readFileSync(join(places.tinyvm, path))
}

function loader(name: string): Uint8Array {
  return readFileSync(join(places.loaders, name))
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootlace-esxi-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

test('a UEFI machine boots a Linux from files inside of an ISO', async () => {
  const tree = join(folder, 'linux')
  mkdirSync(join(tree, 'live/boot'), { recursive: true })
  for (const name of ['vmlinuz', 'initrd']) {
    copyFileSync(join(places.tinyvm, name), join(tree, 'live/boot', name))
  }
  const iso = join(folder, 'linux.iso')
  tool('xorriso', '-as', 'mkisofs', '-R', '-V', 'LINUX', '-o', iso, tree)
  const result = await boot('iso-uefi', {
    firmware: 'uefi',
    boot: 'from-disc',
    config: {
      images: { disc: { source: iso } },
      menu: {
        title: 'Bootlace lab',
        entries: [
          {
            name: 'from-disc',
            title: 'Linux from a disc',
            kernel: 'boot/disc/live/boot/vmlinuz',
            initrd: ['boot/disc/live/boot/initrd'],
            args: 'bootlace=${server} console=tty0 console=ttyS0,115200 quiet',
          },
        ],
      },
    },
  })
  expect(deliveries(result)).toEqual(
    expect.arrayContaining(['http boot/disc/live/boot/vmlinuz', 'http boot/disc/live/boot/initrd']),
  )
})

/** What mboot would do, as iPXE reads it. */
const standIn = [
  '#!ipxe',
  'dhcp || exit 1',
  'set tree tftp://${next-server}/boot/esxi',
  'imgfetch --name boot.cfg ${tree}/01-${netX/mac:hexhyp}/boot.cfg || exit 1',
  'imgfetch --name crypto ${tree}/crypto64.efi || exit 1',
  'set tree http://${next-server}/boot/esxi',
  'imgfetch --name kernel ${tree}/b.b00 || exit 1',
  'imgfetch --name module ${tree}/s.v00 || exit 1',
  'imgfree',
  'kernel ${tree}/vmlinuz initrd=initrd bootlace=http://${next-server} console=tty0 console=ttyS0,115200 quiet || exit 1',
  'initrd --name initrd ${tree}/initrd || exit 1',
  'boot',
  '',
].join('\n')

function esxiDisc(): string {
  return writeEsxiIso(folder, '8.0', {
    files: { ...linux, 'efi/boot/bootx64.efi': loader('snponly.efi') },
  })
}

/** The user's own folder: over TFTP iPXE asks at the root, over HTTP beside itself. */
function ownFiles(): string {
  return writeFiles(join(folder, 'own'), {
    'autoexec.ipxe': text(standIn),
    'boot/esxi/autoexec.ipxe': text(standIn),
    // 6.04 in its place: what it asks for is the same, up to mboot.c32, which is no module here.
    'pxelinux-3.86.0': loader('pxelinux.0'),
  })
}

test.for([
  { name: 'PXE', firmware: 'uefi', via: 'tftp' },
  { name: 'HTTP boot', firmware: 'uefi-http', via: 'http' },
] as const)('UEFI by $name loads mboot.efi out of an ESXi disc', async ({ firmware, via }) => {
  const result = await boot(`esxi-${firmware}`, {
    firmware,
    boot: 'esxi',
    config: { files: ownFiles(), images: { esxi: { source: esxiDisc() } } },
  })
  const cfg = 'boot/esxi/01-52-54-00-b0-07-01/boot.cfg'
  expect(deliveries(result)).toEqual(
    expect.arrayContaining([
      `${via} boot/esxi/mboot.efi`,
      `tftp ${cfg}`,
      'tftp boot/esxi/crypto64.efi',
      'http boot/esxi/b.b00',
      'http boot/esxi/s.v00',
      'http boot/esxi/vmlinuz',
    ]),
  )
  expect(eventsOf(result, 'menu.served')).toMatchObject([
    { file: 'boot/esxi/boot.cfg', entry: 'esxi' },
  ])
})

test('UEFI by iPXE starts mboot.efi, and tells it its configuration', async () => {
  const result = await runLab({
    mode: 'full',
    firmware: 'uefi',
    loader: 'snponly',
    boot: 'esxi',
    timeout,
    config: { images: { esxi: { source: esxiDisc() } } },
  })
  if (!deliveries(result).includes('http boot/esxi/mboot.efi')) throw new Error(story(result))
  // The stand-in is an iPXE, too: for it that is a command that it does not have.
  expect(result.serial).toContain('-c: command not found')
})

test('BIOS: the PXELINUX that the user supplies is told where its configuration is', async () => {
  const result = await runLab({
    mode: 'full',
    firmware: 'ipxe',
    boot: 'esxi',
    timeout,
    config: { files: ownFiles(), images: { esxi: { source: esxiDisc() } } },
  })
  const wanted = [
    'http pxelinux-3.86.0',
    'http boot/esxi/01-52-54-00-b0-07-01/pxelinux.cfg',
    'http boot/esxi/mboot.c32',
  ]
  const missing = wanted.filter((one) => !deliveries(result).includes(one))
  if (missing.length > 0) throw new Error(`${missing.join(', ')}: not asked for; ${story(result)}`)
  expect(eventsOf(result, 'menu.served').at(-1)).toMatchObject({ entry: 'esxi' })
})
