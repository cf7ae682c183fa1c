import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { parseIpv4, parseMac } from '../../../src/core/address.ts'
import { renderBootCfg } from '../../../src/boot/esxi/boot-cfg.ts'
import {
  esxiPlace,
  oldPxelinux,
  oldPxelinuxMissing,
  renderEsxiPxelinux,
} from '../../../src/boot/esxi/esxi-boot.ts'
import type { Host } from '../../../src/boot/host.ts'
import { architectures } from '../../../src/boot/loader/firmware.ts'
import type { Catalog, EsxiEntry } from '../../../src/boot/menu/catalog.ts'
import { renderGrubMenu } from '../../../src/boot/menu/menu-grub.ts'
import { renderIpxeMenu } from '../../../src/boot/menu/menu-ipxe.ts'
import { renderPxelinuxMenu } from '../../../src/boot/menu/menu-pxelinux.ts'
import type { MenuContext } from '../../../src/boot/menu/menu.ts'
import { type BootSite, bootPlan, bootPlanner } from '../../../src/boot/plan.ts'

const mac = parseMac('52:54:00:12:34:56')!
const server = parseIpv4('192.168.50.1')!
const url = 'http://192.168.50.1'
const entry: EsxiEntry = {
  type: 'esxi',
  name: 'esxi',
  title: 'VMware ESXi 8.0',
  firmware: ['bios', 'uefi-x64'],
  image: 'boot/esxi',
  args: '',
  install: 'ks=${answers}/ks.cfg',
}
const catalog: Catalog = {
  title: 'Menu',
  timeout: 20,
  default: 'disk',
  entries: [entry, { type: 'disk', name: 'disk', title: 'Local disk' }],
}

function hostWith(host: Partial<Host> = {}): Host {
  return { name: 'esx-01', mac, boot: 'esxi', loader: 'auto', ...host }
}

function fixture(name: string): Promise<string> {
  return readFile(new URL(`../../fixtures/esxi/${name}.cfg`, import.meta.url), 'utf8')
}

const armed = hostWith({ answers: '/ks/secret' })

function contextWith(context: Partial<MenuContext> = {}): MenuContext {
  const loaders = new Set([oldPxelinux])
  const variables = { server: url, network: '' }
  return { catalog, url, loaders, architecture: 'x64', variables, mac, ...context }
}

describe('boot.cfg, octet by octet', () => {
  const options = 'allowLegacyCPU=true systemMediaSize=min'
  test.for([
    ['6.5', 'tftp', '6.5.tftp', {}],
    ['6.7', 'http', '6.7.http', {}],
    ['6.7', 'tftp', '6.7.tftp-install', { host: armed }],
    ['7.0', 'http', '7.0.http-install', { host: armed }],
    ['8.0', 'http', '8.0.http-install', { host: armed }],
    ['8.0', 'tftp', '8.0.tftp-options', { args: options }],
    ['8.0', 'http', '8.0.disk', { host: hostWith({ boot: 'disk' }) }],
    ['9.0', 'http', '9.0.http-install', { host: armed }],
  ] as const)('of %s by %s: %s', async ([version, via, golden, more]) => {
    const [source, wanted] = await Promise.all([fixture(version), fixture(golden)])
    const { host, args = '' }: { host?: Host; args?: string } = more
    const place = esxiPlace({ ...entry, args }, contextWith({ host }), via)
    expect(renderBootCfg(source, place)).toBe(wanted)
  })

  test('only the machine that installs it is told where its answers are', () => {
    const others = [undefined, hostWith(), hostWith({ boot: 'other', answers: '/ks/secret' })]
    for (const host of others) {
      expect(esxiPlace(entry, contextWith({ host }), 'http').options).toEqual([
        'BOOTIF=01-52-54-00-12-34-56',
      ])
    }
    expect(esxiPlace(entry, contextWith({ mac: undefined }), 'http').options).toEqual([])
  })
})

describe('the boot file of a machine that is to boot it', () => {
  const loaders = new Set(['lpxelinux.0', 'snponly.efi', 'ipxe-ia32.efi'])
  const site: BootSite = {
    hosts: new Map([[mac, armed]]),
    server,
    httpPort: 8080,
    mode: 'full',
    loaders,
    esxi: () => entry,
  }
  const machine = { mac, stage: 'firmware', httpBoot: false, ipxeHttp: false } as const

  function planFor(code: number, more: Partial<BootSite> = {}) {
    return bootPlan({ ...machine, architecture: architectures.get(code) }, { ...site, ...more })
  }

  test.for([
    [7, 'boot/esxi/mboot.efi', 'pxe'],
    [9, 'boot/esxi/mboot.efi', 'pxe'],
    [16, 'http://192.168.50.1:8080/boot/esxi/mboot.efi', 'http'],
  ] as const)('UEFI, architecture %s: %s', ([code, bootFile, kind]) => {
    const plan = planFor(code)
    expect(plan).toEqual({
      type: 'boot',
      reply: { nextServer: server, bootFile, kind, pxelinux: undefined },
    })
  })

  test('BIOS: PXELINUX 3.86, and where its configuration is', () => {
    expect(planFor(0, { loaders: new Set([...loaders, oldPxelinux]) })).toEqual({
      type: 'boot',
      reply: {
        nextServer: server,
        bootFile: oldPxelinux,
        kind: 'pxe',
        pxelinux: { configFile: 'boot/esxi/01-52-54-00-12-34-56/pxelinux.cfg' },
      },
    })
  })

  test('BIOS without it: the menu, and the operator is told what to do', () => {
    expect(planFor(0)).toMatchObject({
      reply: { bootFile: 'lpxelinux.0' },
      hint: oldPxelinuxMissing,
    })
    const said: string[] = []
    const plan = bootPlanner(site, (_machine, reason) => said.push(reason))
    plan({ ...machine, architecture: architectures.get(0) }, { server, mode: 'full' })
    expect(said).toEqual([oldPxelinuxMissing])
  })

  test('the menu: on other processors, where the user named a loader, and for an iPXE', () => {
    expect(planFor(6)).toMatchObject({ reply: { bootFile: 'ipxe-ia32.efi' } })
    expect(planFor(6)).not.toHaveProperty('hint')
    const hosts = new Map([[mac, { ...armed, loader: 'snponly' as const }]])
    expect(planFor(7, { hosts })).toMatchObject({ reply: { bootFile: 'snponly.efi' } })
    expect(bootPlan({ ...machine, stage: 'ipxe', ipxeHttp: true }, site)).toMatchObject({
      reply: { bootFile: `http://192.168.50.1:8080/menu.ipxe?mac=${mac}` },
    })
    expect(planFor(7, { esxi: () => undefined })).toMatchObject({
      reply: { bootFile: 'snponly.efi' },
    })
  })
})

describe('in the menu of', () => {
  test('iPXE: mboot on UEFI, PXELINUX 3.86 on BIOS', () => {
    const script = renderIpxeMenu(contextWith({ host: hostWith() }))
    const folder = 'boot/esxi/01-52-54-00-12-34-56'
    expect(script.split('\n')).toEqual([
      '#!ipxe',
      ':boot_esxi',
      'imgfree',
      'iseq ${platform} efi && goto efi_esxi ||',
      `set 209:string ${folder}/pxelinux.cfg`,
      `set 210:string ${url}/`,
      `set problem Could not start ${oldPxelinux}`,
      `chain --autofree ${url}/${oldPxelinux} || goto failed`,
      'goto failed',
      ':efi_esxi',
      'set problem Could not load boot/esxi/mboot.efi',
      `kernel ${url}/boot/esxi/mboot.efi -c ${url}/${folder}/boot.cfg || goto failed`,
      'set problem mboot came back',
      'boot || goto failed',
      ':failed',
      'echo ${problem}',
      'prompt --key s --timeout 10000 Next try in 10 seconds, s for the iPXE command line && shell ||',
      ':back',
      `chain --autofree --replace ${url}/menu.ipxe?mac=${mac}&arch=\${buildarch}-\${platform} || goto failed`,
      '',
    ])
  })

  test('iPXE, of a machine whose address is not known: it says its own', () => {
    expect(renderIpxeMenu(contextWith({ mac: undefined }))).toContain(
      `-c ${url}/boot/esxi/01-\${netX/mac:hexhyp}/boot.cfg`,
    )
  })

  test('iPXE without PXELINUX 3.86: picked on BIOS, it says what is missing', () => {
    const script = renderIpxeMenu(contextWith({ loaders: new Set() }))
    expect(script).toContain(`set problem ${oldPxelinuxMissing}\ngoto failed`)
    expect(script).not.toContain('chain --autofree http://192.168.50.1/pxelinux')
  })

  test('PXELINUX: only for a machine that was given 3.86', () => {
    expect(renderPxelinuxMenu(contextWith({ host: hostWith() }))).toBe(
      [
        'SERIAL 0 115200',
        'DEFAULT esxi',
        'PROMPT 0',
        'TIMEOUT 100',
        'LABEL esxi',
        '  KERNEL boot/esxi/mboot.c32',
        '  APPEND -c /boot/esxi/01-52-54-00-12-34-56/boot.cfg',
        '  IPAPPEND 2',
        '',
      ].join('\n'),
    )
    const others: Partial<MenuContext>[] = [
      {},
      { host: hostWith({ boot: 'menu' }) },
      { host: hostWith({ loader: 'pxelinux' }) },
      { host: hostWith(), loaders: new Set() },
      { host: hostWith(), mac: undefined },
    ]
    for (const context of others) {
      expect(renderPxelinuxMenu(contextWith(context))).not.toContain('mboot')
    }
    expect(renderPxelinuxMenu(contextWith({ host: hostWith() }), 'efi64/')).not.toContain('mboot')
  })

  test('GRUB: nowhere, and the machine gets the menu', () => {
    const menu = renderGrubMenu(contextWith({ host: hostWith() }))
    expect(menu).toContain('Local disk')
    expect(menu).not.toContain('mboot')
  })
})

test('what PXELINUX 3.86 reads', () => {
  expect(renderEsxiPxelinux(entry, mac)).toBe(
    [
      'SERIAL 0 115200',
      'DEFAULT esxi',
      'NOHALT 1',
      'PROMPT 0',
      'TIMEOUT 100',
      'LABEL esxi',
      '  KERNEL boot/esxi/mboot.c32',
      '  APPEND -c /boot/esxi/01-52-54-00-12-34-56/boot.cfg',
      '  IPAPPEND 2',
      '',
    ].join('\n'),
  )
})
