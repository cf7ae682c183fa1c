import { describe, expect, test } from 'vitest'
import { parseMac } from '../../src/core/address.ts'
import type { ServiceEvent } from '../../src/core/events.ts'
import { MachineTable, splitBoots } from '../../src/boot/machine-table.ts'

const mac = parseMac('52:54:00:12:34:56')!
const other = parseMac('52:54:00:00:00:02')!
const ip = '192.168.50.100'

const bootSteps: ServiceEvent[] = [
  { type: 'dhcp.discover', at: 1, mac, stage: 'firmware', firmware: 'bios' },
  { type: 'dhcp.offer', at: 2, mac, ip, stage: 'firmware' },
  { type: 'dhcp.ack', at: 3, mac, ip, stage: 'firmware', bootFile: 'lpxelinux.0' },
  { type: 'tftp.done', at: 4, ip, file: 'lpxelinux.0' },
  { type: 'menu.served', at: 5, mac, ip, entry: 'tinyvm' },
  { type: 'dhcp.offer', at: 6, mac, ip, stage: 'system' },
  { type: 'machine.up', at: 7, mac, ip },
]

function tableOf(events: readonly ServiceEvent[], options = {}): MachineTable {
  const table = new MachineTable(options)
  for (const event of events) table.observe(event)
  return table
}

test('address, firmware and choice are learnt from the events of a boot', () => {
  const table = tableOf(bootSteps, { nameOf: () => 'web-01' })
  const { steps, ...machine } = table.byMac(mac)!
  expect(machine).toEqual({
    mac,
    name: 'web-01',
    ip,
    addresses: [ip],
    firmware: 'bios',
    stage: 'system',
    entry: 'tinyvm',
    firstSeen: 1,
    lastSeen: 7,
  })
  expect(steps).toEqual(bootSteps)
})

test('a file that was fetched from a known address belongs to its machine', () => {
  const table = tableOf(bootSteps)
  expect(table.byIp(ip)?.steps[3]?.file).toBe('lpxelinux.0')
  expect(tableOf([{ type: 'tftp.done', at: 0, ip, file: 'x' }]).list()).toEqual([])
})

test('an offer is no address yet, and a released one is gone', () => {
  expect(tableOf(bootSteps.slice(0, 2)).byIp(ip)).toBeUndefined()
  const table = tableOf([...bootSteps, { type: 'dhcp.release', at: 9, mac, ip }])
  expect(table.byIp(ip)).toBeUndefined()
  expect(table.byMac(mac)?.ip).toBeUndefined()
})

test('an address that moves belongs to the machine that has it now', () => {
  const table = tableOf([...bootSteps, { type: 'dhcp.ack', at: 9, mac: other, ip }])
  table.observe({ type: 'tftp.missing', at: 10, mac, file: 'x' })
  expect(table.byIp(ip)?.mac).toBe(other)
  expect(table.byMac(mac)).toMatchObject({ ip: undefined, addresses: [] })
  table.observe({ type: 'dhcp.ack', at: 11, mac, ip: '192.168.50.7' })
  expect(table.byIp('192.168.50.7')?.mac).toBe(mac)
})

test('a machine is known by its addresses of both families, the last one first', () => {
  const [global, local] = ['fd77::100', 'fe80::5054:ff:fe12:3456%eth0']
  const seen = [global, local, ip, global].map((address, index): ServiceEvent => ({
    type: 'http.done',
    at: 10 + index,
    mac,
    ip: address,
  }))
  const table = tableOf([...bootSteps, ...seen])
  expect(table.byMac(mac)).toMatchObject({ ip: global, addresses: [global, ip, local] })
  for (const address of [ip, global, local]) expect(table.byIp(address)?.mac).toBe(mac)
  table.observe({ type: 'dhcp.release', at: 20, mac, ip })
  expect(table.byMac(mac)?.addresses).toEqual([global, local])
  for (let n = 1; n <= 9; n += 1) {
    table.observe({ type: 'http.done', at: 20 + n, mac, ip: `fd77::${n}` })
  }
  expect(table.byMac(mac)?.addresses).toHaveLength(8)
  expect(table.byIp(local)).toBeUndefined()
})

test('a client that had just gone came from no address', () => {
  const table = tableOf([{ type: 'http.abort', at: 1, mac, ip: '' }])
  expect(table.byMac(mac)?.addresses).toEqual([])
  expect(table.byIp('')).toBeUndefined()
})

test('machines and steps are bounded; the one seen longest ago goes first', () => {
  const table = new MachineTable({ maxMachines: 2, maxSteps: 3 })
  for (let n = 1; n <= 5; n += 1) {
    table.observe({
      type: 'dhcp.ack',
      at: n,
      mac: parseMac(`52:54:00:00:00:0${n}`)!,
      ip: `10.0.0.${n}`,
    })
  }
  expect(table.list().map((machine) => machine.ip)).toEqual(['10.0.0.5', '10.0.0.4'])
  expect(table.byIp('10.0.0.1')).toBeUndefined()
  const steps = tableOf(bootSteps, { maxSteps: 3 }).byMac(mac)?.steps
  expect(steps?.map((step) => step.at)).toEqual([5, 6, 7])
})

test('an order makes nobody seen, and begins no boot', () => {
  const order: ServiceEvent = { type: 'install.armed', at: 9_000_000, mac, entry: 'photon' }
  expect(tableOf([order]).list()).toEqual([])
  const known = tableOf([...bootSteps, order]).byMac(mac)
  expect(known?.lastSeen).toBe(7)
  expect(known?.steps.at(-1)).toBe(order)
  expect(splitBoots(known?.steps ?? [])).toHaveLength(1)
})

function timesOf(steps: readonly ServiceEvent[]): number[][] {
  return splitBoots(steps).map((boot) => boot.map((step) => step.at))
}

describe('boots', () => {
  test('one boot is one story through firmware, loader and system', () => {
    expect(timesOf(bootSteps)).toEqual([[1, 2, 3, 4, 5, 6, 7]])
  })

  test('firmware that asks again begins the next one', () => {
    const again: ServiceEvent = { type: 'dhcp.discover', at: 20, mac, stage: 'firmware' }
    expect(timesOf([...bootSteps, again])).toEqual([[1, 2, 3, 4, 5, 6, 7], [20]])
  })

  test('so does an iPXE in the ROM after the system was up, but not the renewal of its lease', () => {
    const rom: ServiceEvent = { type: 'dhcp.discover', at: 20, mac, stage: 'ipxe' }
    const renewal: ServiceEvent = { type: 'dhcp.ack', at: 21, mac, stage: 'system' }
    expect(timesOf([...bootSteps, rom, renewal])).toEqual([
      [1, 2, 3, 4, 5, 6, 7],
      [20, 21],
    ])
  })

  test('so does firmware that got its address elsewhere, by what it loads', () => {
    const load: ServiceEvent = { type: 'tftp.start', at: 20, mac, file: 'snponly.efi' }
    const page: ServiceEvent = { type: 'http.done', at: 19, mac, file: 'boot/tinyvm/tools' }
    expect(timesOf([...bootSteps, page, load])).toEqual([[1, 2, 3, 4, 5, 6, 7, 19], [20]])
    expect(timesOf([...bootSteps.slice(0, 6), load])).toHaveLength(1)
  })

  test('a long silence does, too', () => {
    const late: ServiceEvent = { type: 'dhcp.ack', at: 700_000, mac, stage: 'system' }
    expect(timesOf([...bootSteps, late])).toHaveLength(2)
  })
})
