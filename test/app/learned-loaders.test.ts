import { expect, test } from 'vitest'
import { SystemError } from '../../src/core/errors.ts'
import { type Mac, parseMac } from '../../src/core/address.ts'
import type { ServiceEvent } from '../../src/core/events.ts'
import { learnLoaders } from '../../src/app/learned-loaders.ts'
import { architectures } from '../../src/boot/loader/firmware.ts'
import type { Host } from '../../src/boot/host.ts'
import type { MachineStore } from '../../src/io/store/machine-store.ts'
import { EventHub } from '../../src/server/event-hub.ts'

const mac = parseMac('52:54:00:12:34:56')!
const loaders = new Set(['snponly.efi', 'shimx64.efi'])
const machine = {
  mac,
  stage: 'firmware',
  architecture: architectures.get(7),
  httpBoot: false,
  ipxeHttp: false,
} as const

function storeOf(facts = new Map<Mac, unknown>()): MachineStore {
  return {
    get: (who) => facts.get(who),
    set: (who, _key, value) => void facts.set(who, value),
    entries: () => [...facts],
    close: () => {},
  }
}

/** A service that learns, and what it has said. */
function learning(learned: MachineStore, host?: Partial<Host>) {
  const said: ServiceEvent[] = []
  let now = 0
  const hub = new EventHub(
    () => (now += 1000),
    (error) => expect.fail(String(error)),
  )
  const hosts = new Map<Mac, Host>(
    host && [[mac, { name: 'web-01', mac, boot: 'menu', loader: 'auto', ...host }]],
  )
  const watch = learnLoaders({ site: { hosts }, hub, learned }, loaders)
  hub.subscribe((event) => void said.push(event))
  return { hub, watch, news: () => said.filter(({ type }) => /^(loader|service)/.test(type)) }
}

/** Firmware takes snponly.efi and asks again. */
function refuse({ emit }: EventHub): void {
  const asks = { mac, stage: 'firmware', firmware: 'uefi-x64' } as const
  emit({ type: 'dhcp.discover', ...asks, xid: 1 })
  emit({ type: 'dhcp.ack', ...asks, xid: 1, bootFile: 'snponly.efi' })
  emit({ type: 'tftp.done', mac, file: 'snponly.efi', ms: 10 })
  emit({ type: 'dhcp.discover', ...asks, xid: 2 })
}

test('what is learned is told as an event, and known after a restart', () => {
  const facts = new Map<Mac, unknown>()
  const service = learning(storeOf(facts))
  expect(service.watch.firstLoader(machine)).toBeUndefined()
  refuse(service.hub)
  expect(service.news()).toMatchObject([{ type: 'loader.silent', bootFile: 'shimx64.efi' }])
  expect(service.watch.firstLoader(machine)).toBe('grub')
  expect(learning(storeOf(facts)).watch.firstLoader(machine)).toBe('grub')
})

test.for([{ loader: 'snponly' }, { boot: 'autodeploy' }] as const)(
  'a host with %o teaches nothing',
  (host) => {
    const facts = new Map<Mac, unknown>()
    const service = learning(storeOf(facts), host)
    refuse(service.hub)
    expect([service.news(), facts.size]).toEqual([[], 0])
  },
)

test('a disk that takes no more is named; the machine goes on', () => {
  const service = learning({ ...storeOf(), set: refuseToWrite })
  refuse(service.hub)
  expect(service.news()).toMatchObject([
    { type: 'service.hint', reason: 'machine database machines.db: the disk is full' },
    { type: 'loader.silent' },
  ])
})

function refuseToWrite(): never {
  throw new SystemError('machine database machines.db: the disk is full')
}
