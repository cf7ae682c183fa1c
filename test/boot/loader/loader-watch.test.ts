import { describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import { type Mac, parseMac } from '../../../src/core/address.ts'
import type { ServiceEvent } from '../../../src/core/events.ts'
import { architectures } from '../../../src/boot/loader/firmware.ts'
import { type Standing, readStanding } from '../../../src/boot/loader/loader-ladder.ts'
import { LoaderWatch } from '../../../src/boot/loader/loader-watch.ts'

const mac = parseMac('52:54:00:12:34:56')!
const everything = new Set([
  'lpxelinux.0',
  'pxelinux.0',
  'undionly.kpxe',
  'snponly.efi',
  'ipxe.efi',
  'shimx64.efi',
  'grubx64.efi',
])

type Said = Omit<ServiceEvent, 'at'>

/** A machine that is watched: what it does next happens `after` milliseconds later. */
class WatchedMachine {
  readonly standings = new Map<Mac, Standing>()
  readonly news: Said[] = []
  readonly #watch: LoaderWatch
  readonly #code: number
  #now = 1_000_000
  #xid = 0

  constructor(code = 7, options: { loaders?: ReadonlySet<string>; isAutomatic?: boolean } = {}) {
    this.#code = code
    this.#watch = new LoaderWatch({
      loaders: options.loaders ?? everything,
      isAutomatic: () => options.isAutomatic ?? true,
      recall: (who) => readStanding(JSON.parse(JSON.stringify(this.standings.get(who) ?? null))),
      keep: (who, learned) => void this.standings.set(who, learned),
    })
  }

  get standing(): Standing | undefined {
    return this.standings.get(mac)
  }

  get first() {
    const machine = { mac, stage: 'firmware', httpBoot: false, ipxeHttp: false } as const
    return this.#watch.firstLoader({ ...machine, architecture: architectures.get(this.#code) })
  }

  says(event: Partial<Said> & Pick<Said, 'type'>, after = 100): this {
    this.#now += after
    const said = this.#watch.observe({ mac, ...event, at: this.#now })
    if (said !== undefined) this.news.push(said)
    return this
  }

  /** Firmware asks DHCP, and is told a file. */
  asks(bootFile: string, after = 20_000): this {
    const firmware = architectures.get(this.#code)?.firmware
    const about = { stage: 'firmware', firmware, xid: (this.#xid += 1) } as const
    return this.says({ type: 'dhcp.discover', ...about }, after)
      .says({ type: 'dhcp.offer', ...about, bootFile }, 1)
      .says({ type: 'dhcp.ack', ...about, bootFile }, 3800)
  }

  loads(file: string, after = 100): this {
    return this.says({ type: 'tftp.start', file }, 1).says(
      { type: 'tftp.done', file, ms: 1 },
      after,
    )
  }

  /** A whole attempt of which nothing comes. */
  refuses(file: string, after?: number): this {
    return this.asks(file, after).says({ type: 'tftp.probe', file }).loads(file)
  }

  /** A whole attempt whose loader speaks. */
  runs(file: string): this {
    return this.refuses(file).says({ type: 'tftp.missing', file: 'autoexec.ipxe' })
  }
}

describe('a loader that speaks is remembered', () => {
  test.for([
    ['asks DHCP as iPXE', { type: 'dhcp.discover', stage: 'ipxe' }],
    ['fetches another file', { type: 'tftp.start', file: 'autoexec.ipxe' }],
    ['asks for what is not there', { type: 'http.missing', file: 'grub/grub.cfg' }],
    ['gets its menu', { type: 'menu.served', file: 'menu.ipxe' }],
  ] as const)('it %s', ([_what, word]) => {
    const machine = new WatchedMachine().refuses('snponly.efi').says(word)
    expect(machine.standing).toEqual(standing('snponly', { runs: true }))
    expect(machine.news).toEqual([
      { type: 'loader.works', mac, firmware: 'uefi-x64', file: 'snponly.efi' },
    ])
  })

  test('only once', () => {
    const machine = new WatchedMachine().runs('snponly.efi').runs('snponly.efi')
    expect(machine.news).toHaveLength(1)
  })

  test('also when its first word overtakes the end of its own transfer', () => {
    const machine = new WatchedMachine()
      .asks('snponly.efi')
      .says({ type: 'tftp.missing', file: 'autoexec.ipxe' })
      .says({ type: 'tftp.done', file: 'snponly.efi', ms: 150 })
      .asks('snponly.efi')
    expect(machine.standing).toMatchObject({ loader: 'snponly', runs: true, silences: 0 })
  })

  test('a host that was told its loader teaches nothing', () => {
    const machine = new WatchedMachine(7, { isAutomatic: false })
    machine.refuses('snponly.efi').runs('snponly.efi')
    expect([machine.standing, machine.news]).toEqual([undefined, []])
  })
})

describe('a loader that arrives whole and never speaks gives way', () => {
  test('Secure Boot: OVMF goes on from PXE to HTTP boot in the same power-on', () => {
    const machine = new WatchedMachine().refuses('snponly.efi').asks('http://192.168.50.1/x', 50)
    expect(machine.first).toBe('grub')
    expect(machine.news).toEqual([
      {
        type: 'loader.silent',
        mac,
        firmware: 'uefi-x64',
        file: 'snponly.efi',
        bootFile: 'shimx64.efi',
        reason:
          'snponly.efi arrived whole but was never started, as when Secure Boot refuses an ' +
          'unsigned loader; from now on this machine gets shimx64.efi',
      },
    ])
  })

  test('by HTTP, and with doubled slashes', () => {
    const machine = new WatchedMachine(16)
      .asks('http://192.168.50.1:8080/snponly.efi')
      .says({ type: 'http.done', file: '/snponly.efi', status: 200, ms: 20 })
      .asks('http://192.168.50.1:8080/snponly.efi')
    expect(machine.first).toBe('grub')
  })

  test('the machine went on to its disk', () => {
    const machine = new WatchedMachine().refuses('snponly.efi')
    machine.says({ type: 'dhcp.discover', stage: 'system' }, 30_000)
    expect(machine.first).toBe('grub')
  })

  test('shim and its GRUB arrived, and nothing came of it', () => {
    const machine = new WatchedMachine().refuses('snponly.efi').refuses('shimx64.efi')
    machine.says({ type: 'tftp.missing', file: 'revocations_sbat.efi' }).loads('grubx64.efi')
    machine.asks('shimx64.efi')
    expect(machine.first).toBe('ipxe')
    expect(machine.news.at(-1)?.reason).toBe(
      'shimx64.efi arrived whole but was never started; from now on this machine gets ipxe.efi',
    )
  })

  test('GRUB’s own DHCP looks like a system’s, and is none', () => {
    const machine = new WatchedMachine().refuses('shimx64.efi').loads('grubx64.efi')
    machine.says({ type: 'dhcp.discover', stage: 'system' })
    machine.says({ type: 'tftp.done', file: 'grub/grub.cfg', ms: 1 })
    expect(machine.standing).toEqual(standing('grub', { runs: true }))
  })

  test('BIOS: lpxelinux, pxelinux, undionly, and from the beginning', () => {
    const machine = new WatchedMachine(0).refuses('lpxelinux.0').refuses('pxelinux.0')
    expect(machine.first).toBe('pxelinux')
    expect(machine.news[0]?.reason).toBe(
      'lpxelinux.0 arrived whole but was never started; from now on this machine gets pxelinux.0',
    )
    machine.refuses('undionly.kpxe')
    expect(machine.first).toBe('undionly')
    machine.asks('lpxelinux.0')
    expect(machine.first).toBe('lpxelinux')
  })

  test('what is not there is passed over; where nothing else is, that is said', () => {
    const machine = new WatchedMachine(7, { loaders: new Set(['snponly.efi', 'ipxe.efi']) })
    machine.refuses('snponly.efi').asks('ipxe.efi')
    expect(machine.first).toBe('ipxe')
    const alone = new WatchedMachine(7, { loaders: new Set(['snponly.efi']) })
    alone.refuses('snponly.efi').asks('snponly.efi')
    expect(alone.first).toBe('snponly')
    expect(alone.news[0]?.reason).toContain('there is no other loader for it in pxelinux/')
  })
})

describe('what is no evidence', () => {
  test('a reset before the loader is whole', () => {
    const machine = new WatchedMachine()
    for (let times = 0; times < 5; times += 1) {
      machine.asks('snponly.efi').says({ type: 'tftp.start', file: 'snponly.efi' })
      machine.says({ type: 'tftp.abort', file: 'snponly.efi', ms: 5000 }, 5000)
    }
    expect([machine.standing, machine.news]).toEqual([undefined, []])
  })

  test('a reset after the loader’s first word, at any time', () => {
    const machine = new WatchedMachine()
    for (let times = 0; times < 5; times += 1) machine.runs('snponly.efi')
    expect(machine.standing).toEqual(standing('snponly', { runs: true }))
  })

  test('the size being asked for, a part, another file', () => {
    const machine = new WatchedMachine()
    machine.asks('snponly.efi').says({ type: 'tftp.probe', file: 'snponly.efi' })
    machine.says({ type: 'http.done', file: 'snponly.efi', status: 206, ms: 1 })
    machine.asks('snponly.efi')
    expect(machine.standing).toBeUndefined()
  })

  test('the end of a transfer of the boot before', () => {
    const machine = new WatchedMachine().asks('snponly.efi')
    machine.says({ type: 'http.abort', file: 'boot/tinyvm/vmlinuz', ms: 60_000 })
    machine.says({ type: 'tftp.done', file: 'snponly.efi', ms: 60_000 })
    machine.asks('snponly.efi')
    expect([machine.standing, machine.news]).toEqual([undefined, []])
  })

  test('the question that a network repeats', () => {
    const machine = new WatchedMachine().refuses('snponly.efi')
    machine.says({ type: 'dhcp.discover', stage: 'firmware', firmware: 'uefi-x64', xid: 1 }, 20)
    machine.says({ type: 'dhcp.discover', stage: 'ipxe' })
    expect(machine.standing).toEqual(standing('snponly', { runs: true }))
  })

  test('a machine that comes back after days', () => {
    const machine = new WatchedMachine().refuses('snponly.efi')
    machine.asks('snponly.efi', 48 * 3600_000)
    expect(machine.standing).toBeUndefined()
  })
})

describe('a loader that ran before', () => {
  test('is given up after three silences in a row', () => {
    const machine = new WatchedMachine().runs('snponly.efi')
    machine.refuses('snponly.efi').refuses('snponly.efi').refuses('snponly.efi')
    expect(machine.standing).toEqual(standing('snponly', { runs: true, silences: 2 }))
    expect(machine.news.at(-1)?.reason).toBe(
      'snponly.efi arrived whole but was not started; it ran on this machine before, so it stays',
    )
    machine.asks('snponly.efi')
    expect(machine.standing).toEqual(standing('grub', { runs: false }))
  })

  test('is forgiven as soon as it runs again', () => {
    const machine = new WatchedMachine().runs('snponly.efi')
    machine.refuses('snponly.efi').refuses('snponly.efi').runs('snponly.efi')
    expect(machine.standing).toEqual(standing('snponly', { runs: true }))
  })

  test('says nothing of the same machine with other firmware', () => {
    const machine = new WatchedMachine(0)
    machine.standings.set(mac, standing('grub', { runs: true }))
    expect(machine.first).toBeUndefined()
    machine.refuses('lpxelinux.0').asks('lpxelinux.0')
    expect(machine.standing).toEqual({ ...standing('pxelinux'), firmware: 'bios' })
  })
})

function standing(loader: Standing['loader'], more: Partial<Standing> = {}): Standing {
  return { firmware: 'uefi-x64', loader, runs: false, silences: 0, ...more }
}

test('what was stored by another version, or by hand, counts as unknown', () => {
  const good = standing('snponly', { runs: true, silences: 2 })
  expect(readStanding(JSON.parse(JSON.stringify(good)))).toEqual(good)
  const wrong: readonly unknown[] = [
    undefined,
    null,
    7,
    'snponly',
    [],
    {},
    { ...good, loader: 'auto' },
    { ...good, loader: 'lilo' },
    { ...good, firmware: 'uefi' },
    { ...good, runs: 1 },
    { ...good, silences: '2' },
  ]
  for (const value of wrong) expect(readStanding(value)).toBeUndefined()
})

test('whatever is lost, doubled or late: a loader that speaks in each boot is never given up', () => {
  const boot = [
    { type: 'dhcp.discover', stage: 'firmware', firmware: 'uefi-x64' },
    { type: 'dhcp.ack', stage: 'firmware', firmware: 'uefi-x64', bootFile: 'snponly.efi' },
    { type: 'tftp.probe', file: 'snponly.efi' },
    { type: 'tftp.done', file: 'snponly.efi', ms: 50 },
    { type: 'dhcp.discover', stage: 'ipxe' },
    { type: 'http.done', file: 'menu.ipxe', status: 200, ms: 1 },
    { type: 'http.done', file: 'boot/tinyvm/vmlinuz', status: 200, ms: 100 },
    { type: 'dhcp.discover', stage: 'system' },
  ] as const
  const word = 4
  fc.assert(
    fc.property(
      // For each boot: where it is cut off, which step is lost, which comes twice.
      fc.array(fc.tuple(...[0, 1, 2].map(() => fc.nat(boot.length))), { maxLength: 8 }),
      (boots) => {
        const machine = new WatchedMachine()
        boots.forEach(([end = 0, lost, doubled], xid) => {
          boot.slice(0, end === word ? word + 1 : end).forEach((step, index) => {
            if (index !== lost || index === word) machine.says({ ...step, xid })
            if (index === doubled) machine.says({ ...step, xid }, 1)
          })
          machine.says({ type: 'dhcp.offer', stage: 'firmware' }, 5000)
        })
        expect(machine.first ?? 'snponly').toBe('snponly')
      },
    ),
  )
})
