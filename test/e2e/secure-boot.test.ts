/**
 * Secure Boot, of which DHCP says nothing and the configuration says nothing either: what firmware
 * refuses and what it accepts, in its own words and in those of the kernel that it lets start.
 */
import { expect, test } from 'vitest'
import { type Lab, openLab } from '../../src/lab/lab.ts'
import type { LabResult } from '../../src/lab/boot-run.ts'
import { deliveries, eventsOf, story, timeout } from './lab-boot.ts'

/** As TinyVM's own entry, but its kernel tells what it finds. */
const talkative = {
  title: 'Bootlace lab',
  timeout: '1s',
  default: 'talkative',
  entries: [
    {
      name: 'talkative',
      title: 'TinyVM, talkative',
      kernel: 'boot/tinyvm/vmlinuz',
      initrd: 'boot/tinyvm/initrd',
      args: 'bootlace=${server} console=tty0 console=ttyS0,115200',
    },
  ],
}

async function bootFirst({ machines: [machine] }: Lab): Promise<LabResult> {
  const result = await machine!.boot({ timeout })
  if (!result.ok) throw new Error(story(result))
  return result
}

test('refused, the machine gets what Secure Boot accepts, and keeps it', async () => {
  const machine = { firmware: 'uefi', secureBoot: true } as const
  await using lab = await openLab({
    mode: 'full',
    machines: [machine],
    config: { menu: talkative },
  })

  const first = await bootFirst(lab)
  expect(first.serial).toMatch(/failed to load Boot\w+ "UEFI PXEv4.*Access Denied/)
  expect(eventsOf(first, 'loader.silent')).toMatchObject([
    { file: 'snponly.efi', bootFile: 'shimx64.efi', firmware: 'uefi-x64' },
  ])
  expect(deliveries(first).slice(0, 3)).toEqual([
    'tftp snponly.efi',
    'http shimx64.efi',
    'http grubx64.efi',
  ])
  expectSecured(first)

  const second = await bootFirst(lab)
  expect(second.serial).not.toContain('Access Denied')
  expect(eventsOf(second, 'loader.silent')).toEqual([])
  expect(deliveries(second).slice(0, 2)).toEqual(['tftp shimx64.efi', 'tftp grubx64.efi'])
  expectSecured(second)
  expect(lab.server.complaints).toEqual([])
})

/** The kernel's own words, which it takes from the firmware's variables. */
function expectSecured({ serial }: LabResult): void {
  expect(serial).toContain('secureboot: Secure boot enabled')
  expect(serial).toContain('Kernel is locked down from EFI Secure Boot')
}

test('a machine that is switched off while it loads keeps its loader', async () => {
  await using lab = await openLab({
    mode: 'full',
    machines: [{ firmware: 'uefi', boot: 'tinyvm' }],
  })
  const moments = [
    { type: 'tftp.start', file: 'snponly.efi' },
    { type: 'menu.served', file: 'menu.ipxe' },
    { type: 'http.done', file: 'boot/tinyvm/vmlinuz' },
  ]
  for (const moment of moments) await switchOffAt(moment, lab)
  const last = await bootFirst(lab)
  expect(deliveries(last)[0]).toBe('tftp snponly.efi')
  expect(lab.server.log.filter((line) => line.includes('loader.silent'))).toEqual([])
})

async function switchOffAt(
  moment: { readonly type: string; readonly file: string },
  { machines: [machine], server }: Lab,
): Promise<void> {
  const come = Promise.withResolvers<void>()
  const ignore = server.listen(({ type, file }) => {
    if (type === moment.type && file === moment.file) come.resolve()
  })
  const booted = machine!.boot({ timeout })
  await Promise.race([come.promise, booted.then((result) => expect.fail(story(result)))])
  await machine!.powerOff()
  ignore()
  expect((await booted).ok).toBe(false)
}
