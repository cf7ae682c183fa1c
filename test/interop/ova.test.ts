/** The stand-in for TinyVM.ova, in each layout: what is found in it, and what comes out of it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { imageReport } from '../../src/app/command/image-report.ts'
import type { Client } from '../../src/io/files/file-tree.ts'
import { type NetbootImage, openNetbootImage } from '../../src/io/image/netboot-image.ts'
import { standInParts } from '../../src/setup/stand-in.ts'
import { writeCpio } from '../../src/wire/linux/cpio.ts'
import {
  digestOf,
  testFolder,
  text,
  tool,
  toolIn,
  wholeOf,
  writeFiles,
} from '../support/image-files.ts'
import { type Layout, codes, layouts, writeStandIn } from '../support/stand-in.ts'

const client: Client = { via: 'http', ip: '10.0.0.9', server: '10.0.0.1' }

/** The folder as an ISO, opened for the time of the test. */
async function openedIso(tree: string): Promise<NetbootImage> {
  tool('xorriso', '-as', 'mkisofs', '-quiet', '-R', '-o', `${tree}.iso`, tree)
  const image = await openNetbootImage(`${tree}.iso`)
  onTestFinished(() => image.close())
  return image
}

test('an ISO of Tiny Core with its extensions, and one of Photon’s shape', async () => {
  const folder = testFolder()
  const menu =
    'default one\nlabel one\nkernel /boot/vmlinuz\nappend initrd=/boot/core.gz loglevel=3 cde\n'
  const tiny = writeFiles(join(folder, 'tiny'), {
    'boot/vmlinuz': text('kernel'),
    'boot/core.gz': gzipSync(writeCpio([], 0)),
    'boot/isolinux/isolinux.cfg': text(menu),
    'cde/onboot.lst': text('Xvesa.tcz\n'),
    'cde/optional/Xvesa.tcz': text('X'),
  })
  const photon = writeFiles(join(folder, 'photon'), {
    PHOTON_VMWARE_CD: text(''),
    'isolinux/isolinux.cfg': text('label x\nkernel vmlinuz\nappend initrd=initrd.img\n'),
    'isolinux/vmlinuz': text('kernel'),
    'isolinux/initrd.img': text('initrd'),
    'RPMS/x86_64/a.rpm': text('package'),
  })
  const one = await openedIso(tiny)
  expect(one.boot).toMatchObject({
    initrd: ['boot/core.gz', 'overlay.cpio'],
    args: 'loglevel=3 base norestore noswap',
    extensions: ['Xvesa.tcz'],
  })
  expect(imageReport(one, 'tiny').title).toBe('tiny (Tiny Core Linux)')
  const two = await openedIso(photon)
  expect([two.kind?.kind.id, two.boot]).toEqual(['photon', undefined])
  const file = await two.tree.open('RPMS/x86_64/a.rpm', client)
  expect(new TextDecoder().decode(await wholeOf(file!))).toBe('package')
  await file!.close()
})

test.for(Object.keys(layouts) as Layout[])('%s', async (layout) => {
  const folder = testFolder()
  const image = await openNetbootImage(await writeStandIn(folder, layout))
  onTestFinished(() => image.close())
  const { release, kernel } = await standInParts()
  const report = imageReport(image, 'tinyvm-ova')
  expect(report.notes).toEqual([])
  expect(report).toMatchObject({
    format: 'OVA with VMDK (streamOptimized)',
    machine: { name: 'TinyVM', version: '2.7', memory: 192, cards: ['VmxNet3'], checked: true },
    boot: {
      system: 'Tiny Core Linux',
      config: layouts[layout].config,
      arguments: codes.own,
      kernelRelease: release,
      bits: 64,
    },
    served: {
      kernel: 'tce/boot/vmlinuz',
      initrd: ['tce/boot/core.gz', 'overlay.cpio'],
      arguments: codes.netboot,
      dropped: ['waitusb=5', 'tce=UUID="0b001ace-0001"'],
      extensions: [`ipv6-netfilter-${release}.tcz`, 'nginx.tcz', 'pcre.tcz'],
      kept: 3,
    },
  })
  const octetsOf = async (path: string) => {
    const file = await image.tree.open(path, client)
    const octets = await wholeOf(file!)
    await file!.close()
    return octets
  }
  expect(digestOf(await octetsOf('tce/boot/vmlinuz'))).toBe(digestOf(readFileSync(kernel)))
  // The initrds as cpio itself unpacks them, one over the other.
  const unpacked = join(folder, 'unpacked')
  const both = [gunzipSync(await octetsOf('tce/boot/core.gz')), await octetsOf('overlay.cpio')]
  for (const octets of both) toolIn(unpacked, ['busybox', 'cpio', '-idu'], octets)
  for (const name of [`ipv6-netfilter-${release}.tcz`, 'pcre.tcz', 'nginx.tcz']) {
    const [ours, original] = [`tmp/builtin/optional/${name}`, `tce/optional/${name}`].map(
      (path, index) => readFileSync(join(index === 0 ? unpacked : join(folder, 'tree'), path)),
    )
    expect(digestOf(ours!)).toBe(digestOf(original!))
  }
  expect(tool('stat', '-c', '%a %u:%g', join(unpacked, 'tmp'))).toBe('1777 0:0\n')
  expect(tool('stat', '-c', '%a %u:%g', join(unpacked, 'opt'))).toBe('2775 0:50\n')
  expect(tool('stat', '-c', '%a %u:%g', join(unpacked, 'home/tc/kept'))).toBe('644 1001:50\n')
  expect(tool('stat', '-c', '%a', join(unpacked, 'etc'))).toBe('755\n')
})
