import { describe, expect, test } from 'vitest'
import { type Mac, ipv4, parseIpv4, parseMac } from '../../src/core/address.ts'
import { architectures } from '../../src/boot/loader/firmware.ts'
import { type Host, type Loader, loaders } from '../../src/boot/host.ts'
import type { Machine } from '../../src/boot/machine.ts'
import { renderIpxeMenu } from '../../src/boot/menu/menu-ipxe.ts'
import { type BootPlan, type BootSite, bootPlan, bootPlanner } from '../../src/boot/plan.ts'

const mac = parseMac('52:54:00:12:34:56')!
const server = parseIpv4('192.168.50.1')!
const url = 'http://192.168.50.1'
const script = `${url}/menu.ipxe?mac=${mac}`
const allLoaders = new Set([
  'pxelinux.0', 'lpxelinux.0', 'undionly.kpxe', 'ipxe.pxe', 'snponly.efi', 'ipxe.efi',
  'snponly-arm64.efi', 'ipxe-ia32.efi',
]) // prettier-ignore

function host(loader: Loader, boot = 'menu'): ReadonlyMap<Mac, Host> {
  return new Map([[mac, { name: 'web-01', mac, boot, loader }]])
}

function siteWith(site: Partial<BootSite> = {}): BootSite {
  return { hosts: new Map(), server, httpPort: 80, mode: 'full', loaders: allLoaders, ...site }
}

function machineWith(code: number | undefined, machine: Partial<Machine> = {}): Machine {
  const architecture = code === undefined ? undefined : architectures.get(code)
  return { mac, stage: 'firmware', architecture, httpBoot: false, ipxeHttp: false, ...machine }
}

function siteWithOnly(names: readonly string[]): BootSite {
  return siteWith({ loaders: new Set(names) })
}

const ipxe = { stage: 'ipxe', ipxeHttp: true } as const

function replyOf(plan: BootPlan) {
  return plan.type === 'boot' ? plan.reply : plan
}

describe('firmware gets the loader of its architecture', () => {
  const expected: Record<number, string> = {
    0: 'lpxelinux.0',
    6: 'ipxe-ia32.efi',
    7: 'snponly.efi',
    9: 'snponly.efi',
    11: 'snponly-arm64.efi',
    15: `${url}/ipxe-ia32.efi`,
    16: `${url}/snponly.efi`,
    17: `${url}/snponly.efi`,
    19: `${url}/snponly-arm64.efi`,
  }
  test.for([...architectures.values()])('$code $name', ({ code, http }) => {
    const plan = bootPlan(machineWith(code), siteWith())
    if (expected[code] === undefined) {
      expect(plan.type).toBe('refused')
      return
    }
    expect(replyOf(plan)).toMatchObject({ bootFile: expected[code], kind: http ? 'http' : 'pxe' })
  })

  test('a ROM from before option 93 is a BIOS', () => {
    expect(replyOf(bootPlan(machineWith(undefined), siteWith()))).toMatchObject({
      bootFile: 'lpxelinux.0',
    })
  })

  test('lpxelinux is told to fetch everything by HTTP', () => {
    expect(replyOf(bootPlan(machineWith(0), siteWith({ httpPort: 8080 })))).toEqual({
      nextServer: server,
      bootFile: 'lpxelinux.0',
      kind: 'pxe',
      pxelinux: { pathPrefix: `${url}:8080/` },
    })
  })

  test('without lpxelinux the next best', () => {
    expect(
      replyOf(bootPlan(machineWith(0), siteWithOnly(['undionly.kpxe', 'pxelinux.0']))),
    ).toEqual({
      nextServer: server,
      bootFile: 'pxelinux.0',
      kind: 'pxe',
      pxelinux: undefined,
    })
    expect(replyOf(bootPlan(machineWith(7), siteWithOnly(['ipxe.efi'])))).toMatchObject({
      bootFile: 'ipxe.efi',
    })
  })
})

describe('what the user says about a host', () => {
  test('a forced loader goes to a ROM that is an iPXE, too', () => {
    const plan = bootPlan(machineWith(0, ipxe), siteWith({ hosts: host('pxelinux') }))
    expect(replyOf(plan)).toMatchObject({ bootFile: 'pxelinux.0', kind: 'ipxe' })
    const faster = bootPlan(machineWith(0, ipxe), siteWith({ hosts: host('lpxelinux') }))
    expect(replyOf(faster)).toMatchObject({ pxelinux: { pathPrefix: `${url}/` } })
  })

  test('loader: none gets nothing, and nobody is told', () => {
    expect(bootPlan(machineWith(0), siteWith({ hosts: host('none') })).type).toBe('none')
  })

  test('a loader that is not there is named with its folder', () => {
    const site = siteWith({ hosts: host('ipxe'), loaders: new Set(['snponly.efi']) })
    expect(bootPlan(machineWith(7), site)).toEqual({
      type: 'refused',
      reason: 'no boot loader for x64 UEFI: put ipxe.efi into pxelinux/',
    })
  })

  test('a loader that this firmware cannot run is refused with what can', () => {
    expect(bootPlan(machineWith(7), siteWith({ hosts: host('lpxelinux') }))).toEqual({
      type: 'refused',
      reason:
        'loader: lpxelinux does not run on x64 UEFI; use auto, undionly, snponly, ipxe, grub, syslinux',
    })
  })

  test.for([
    [16, 'syslinux', 'which UEFI HTTP boot has not set up'],
    [6, 'syslinux', 'SYSLINUX crashes on UEFI of 32 bit'],
  ] as const)(
    'architecture %i and loader: %s is refused with what was seen',
    ([code, loader, why]) => {
      const plan = bootPlan(machineWith(code), siteWith({ hosts: host(loader) }))
      expect(plan).toMatchObject({
        type: 'refused',
        reason: expect.stringContaining(why) as string,
      })
    },
  )

  test('what a machine has shown to run goes first, and the others after it', () => {
    const site = siteWith({
      firstLoader: () => 'grub',
      loaders: new Set([...allLoaders, 'shimx64.efi']),
    })
    expect(replyOf(bootPlan(machineWith(7), site))).toMatchObject({ bootFile: 'shimx64.efi' })
    const without = siteWith({ firstLoader: () => 'grub' })
    expect(replyOf(bootPlan(machineWith(7), without))).toMatchObject({ bootFile: 'ipxe.efi' })
    const told = siteWith({ ...site, hosts: host('snponly') })
    expect(replyOf(bootPlan(machineWith(7), told))).toMatchObject({ bootFile: 'snponly.efi' })
  })

  test('grub is the signed shim where there is one, and HTTP firmware gets its URL', () => {
    const site = siteWith({
      hosts: host('grub'),
      loaders: new Set(['shimx64.efi', 'grubaa64.efi']),
    })
    expect(replyOf(bootPlan(machineWith(7), site))).toMatchObject({ bootFile: 'shimx64.efi' })
    expect(replyOf(bootPlan(machineWith(16), site))).toMatchObject({
      bootFile: `${url}/shimx64.efi`,
      kind: 'http',
    })
    expect(replyOf(bootPlan(machineWith(11), site))).toMatchObject({ bootFile: 'grubaa64.efi' })
    expect(bootPlan(machineWith(0), site).type).toBe('refused')
  })

  test('autodeploy: VMware’s loader where it is there, an iPXE of ours where not, then tramp', () => {
    const vmware = ['undionly.kpxe.vmw-hardwired', 'snponly64.efi.vmw-hardwired']
    const hosts = host('auto', 'autodeploy')
    const site = siteWith({ hosts, loaders: new Set([...allLoaders, ...vmware]) })
    expect(replyOf(bootPlan(machineWith(0), site))).toMatchObject({ bootFile: vmware[0] })
    expect(replyOf(bootPlan(machineWith(7), site))).toMatchObject({ bootFile: vmware[1] })
    expect(replyOf(bootPlan(machineWith(0), siteWith({ hosts })))).toMatchObject({
      bootFile: 'undionly.kpxe',
    })
    expect(replyOf(bootPlan(machineWith(16), site))).toMatchObject({
      bootFile: `${url}/snponly.efi`,
    })
    expect(replyOf(bootPlan(machineWith(0, ipxe), site))).toMatchObject({ bootFile: 'tramp' })
  })
})

describe('iPXE', () => {
  test('gets the menu script, and in full mode need not wait for another offer', () => {
    expect(replyOf(bootPlan(machineWith(7, ipxe), siteWith()))).toEqual({
      nextServer: server,
      bootFile: script,
      kind: 'ipxe',
    })
  })

  test('beside another DHCP server it must wait for that one', () => {
    expect(replyOf(bootPlan(machineWith(7, ipxe), siteWith({ mode: 'proxy' })))).toMatchObject({
      kind: 'pxe',
    })
  })

  test('one that cannot fetch by HTTP gets one of ours, by TFTP on whatever port', () => {
    const old = machineWith(0, { stage: 'ipxe' })
    expect(replyOf(bootPlan(old, siteWith()))).toMatchObject({ bootFile: 'undionly.kpxe' })
    expect(replyOf(bootPlan(old, siteWith({ tftpPort: 6969 })))).toMatchObject({
      bootFile: 'tftp://192.168.50.1:6969/undionly.kpxe',
    })
  })
})

test('an operating system gets no boot data', () => {
  expect(bootPlan(machineWith(0, { stage: 'system' }), siteWith()).type).toBe('none')
})

test('the DHCP server hears a reply or nothing, and the reason goes to the log', () => {
  const reasons: string[] = []
  const { server: _, mode: __, ...site } = siteWith({ loaders: new Set() })
  const plan = bootPlanner(site, (_machine, reason) => void reasons.push(reason))
  expect(plan(machineWith(0), { server, mode: 'full' })).toBeUndefined()
  expect(plan(machineWith(0, ipxe), { server: ipv4(1), mode: 'full' })?.bootFile).toBe(
    `http://0.0.0.1/menu.ipxe?mac=${mac}`,
  )
  expect(reasons).toEqual([
    'no boot loader for x86 BIOS: put lpxelinux.0 or pxelinux.0 or undionly.kpxe into pxelinux/',
  ])
})

/** A program that runs on the machine: what it is and which network driver it says it has. */
interface Program {
  readonly machine: Machine
  readonly chip: string
}

/**
 * Plays a machine: runs what it is told, as PXE firmware, iPXE and PXELINUX do, and answers every
 * file that was started. Ends at PXELINUX, at a menu, at `tramp`, or without an answer.
 */
function bootOf(start: Program, site: BootSite): string[] {
  const started: string[] = []
  let program: Program | undefined = start
  while (program !== undefined && started.length < 10) {
    const plan = bootPlan(program.machine, site)
    if (plan.type !== 'boot') return started
    const file = fileStarted(plan.reply.bootFile, program, site)
    started.push(file)
    program = programIn(file, program)
  }
  return started
}

/** Follows the script as iPXE does: a forced loader is chained unless this driver is its own. */
function fileStarted(bootFile: string, { chip, machine }: Program, site: BootSite): string {
  if (!bootFile.includes('/menu.ipxe')) return bootFile
  const text = renderIpxeMenu({
    catalog: { title: 'x', timeout: 0, default: 'disk', entries: [] },
    url,
    loaders: site.loaders,
    architecture: 'x64',
    variables: { server: url },
    mac,
    host: site.hosts.get(mac),
  })
  const isEfi = machine.architecture?.firmware !== 'bios'
  const chained = /^chain --autofree (\S+) \|\| goto begin$/m.exec(text)?.[1]
  return chained === undefined || isEfi || chip === 'undionly' ? 'menu' : chained
}

function programIn(file: string, { machine }: Program): Program | undefined {
  const name = file.split('/').at(-1) ?? ''
  if (!/^(undionly|snponly|ipxe)/.test(name)) return undefined
  const chip = name.startsWith('undionly') ? 'undionly' : 'virtio-net'
  return { machine: { ...machine, stage: 'ipxe', ipxeHttp: true, httpBoot: false }, chip }
}

describe('no machine goes round in circles', () => {
  const starts = [...architectures.keys()].flatMap((code) => [
    { kind: 'firmware', code, machine: machineWith(code) },
    { kind: 'an iPXE in the ROM', code, machine: machineWith(code, ipxe) },
    { kind: 'an iPXE without HTTP', code, machine: machineWith(code, { stage: 'ipxe' }) },
  ])
  test.for(
    loaders.flatMap((loader) => ['menu', 'disk', 'autodeploy'].map((boot) => ({ loader, boot }))),
  )('loader: $loader, boot: $boot, every architecture and ROM', ({ loader, boot }) => {
    for (const mode of ['full', 'proxy'] as const) {
      for (const { kind, code, machine } of starts) {
        const site = siteWith({ hosts: host(loader, boot), mode })
        const started = bootOf({ machine, chip: 'virtio-net' }, site)
        const last = started.at(-1) ?? 'nothing'
        expect(last, `${kind}, ${code}: ${started.join(' → ')}`).toMatch(
          /^(menu|tramp|l?pxelinux\.0|nothing)$/,
        )
        expect(started.length).toBeLessThanOrEqual(2)
      }
    }
  })

  test('a ROM iPXE told to use undionly runs it once, then its menu', () => {
    const start = { machine: machineWith(0, ipxe), chip: 'virtio-net' }
    expect(bootOf(start, siteWith({ hosts: host('undionly') }))).toEqual([
      `${url}/undionly.kpxe`,
      'menu',
    ])
  })
})
