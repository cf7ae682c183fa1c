/**
 * Mode `auto` beside a real DHCP server that comes and goes, with real clients. Who gave which
 * address to whom is read off the wire.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { asPxe, serveDhcp, serveDnsmasq, udhcpc } from '../support/dhcp-network.ts'
import { type Running, TestNetwork } from '../support/netns.ts'

const ours = { address: '10.40.0.1', mac: '02:00:00:00:00:01' }
const rival = { address: '10.40.0.9', mac: '02:00:00:00:00:09' }
const subnet = {
  network: '10.40.0.0/24',
  mode: 'auto',
  pool: ['10.40.0.100', '10.40.0.105'],
} as const
const timing = { listen: 1000, probe: 1000, takeover: 3000 }
/** Two of its addresses are of our own pool, and machines 2 and 3 get them. */
const rivalWords = [
  ['--interface=eth0', '--bind-interfaces', '--dhcp-range=10.40.0.104,10.40.0.107'],
  ['--dhcp-host=52:54:00:00:00:02,10.40.0.104', '--dhcp-host=52:54:00:00:00:03,10.40.0.105'],
].flat()

let network: TestNetwork
let hub: string
let us: string
let other: string
let machines: Map<number, string>
beforeEach(() => {
  network = new TestNetwork()
  machines = new Map()
  hub = network.switch('sw')
  us = network.namespace('us')
  other = network.namespace('oth')
  network.plug(hub, [us, 'eth0', `${ours.address}/24`, ours.mac])
  network.plug(hub, [other, 'eth0', `${rival.address}/24`, rival.mac])
})
afterEach(async () => {
  await network[Symbol.asyncDispose]()
})

/** Plugged in when it is first asked for. */
function machine(number: number): string {
  const known = machines.get(number)
  if (known !== undefined) return known
  const namespace = network.namespace(`m${number}`)
  network.plug(hub, [namespace, 'eth0', undefined, `52:54:00:00:00:0${number}`])
  machines.set(number, namespace)
  return namespace
}

const serve = (over: object = {}) => serveDhcp(network, us, { subnets: [subnet], timing, ...over })
const startRival = (...words: string[]) => serveDnsmasq(network, other, [...rivalWords, ...words])

/** The roles that were told, newest last, each as its words behind the network. */
function roles(running: Running): string[] {
  return running.lines
    .filter((line) => line.includes('"dhcp.role"'))
    .map((line) => /24: ([^"]*)/.exec(line)?.[1] ?? '')
}

/** Waits until the newest finding is this one. */
async function becomes(running: Running, words: RegExp): Promise<void> {
  await expect.poll(() => roles(running).at(-1), { timeout: 15_000 }).toMatch(words)
}

const gives = /giving addresses$/
const steppedBack = /^10\.40\.0\.9 gives addresses: boot data only$/

/** Every answer with an address on the wire: who gave which address to whom, in order. */
async function answers(capture: Running): Promise<Answer[]> {
  await capture.stop()
  // tcpdump writes a packet as one line of addresses and some of contents.
  const packets = capture.lines.join('\n').split(/\n(?=\d\d:\d\d:\d\d)/)
  return packets.flatMap((text) => {
    const from = /^\S+ ([0-9a-f:]{17}) >/.exec(text)?.[1]
    const address = /Your-IP ([\d.]+)/.exec(text)?.[1]
    const to = /Client-Ethernet-Address ([0-9a-f:]{17})/.exec(text)?.[1]
    const type = /DHCP-Message \(53\), length 1: (\w+)/.exec(text)?.[1]
    const isWhole = from !== undefined && to !== undefined && address !== undefined
    return isWhole && type !== undefined ? [{ from, to, address, type }] : []
  })
}

interface Answer {
  readonly from: string
  readonly to: string
  readonly address: string
  readonly type: string
}

/** No address was confirmed to two machines. */
function expectEachOnce(all: readonly Answer[]): void {
  const holders = new Map<string, Set<string>>()
  for (const { address, to } of all.filter(({ type }) => type === 'ACK')) {
    holders.set(address, (holders.get(address) ?? new Set()).add(to))
  }
  expect(holders.size).toBeGreaterThan(0)
  expect([...holders].filter(([, takers]) => takers.size > 1)).toEqual([])
}

/** A client that uses its address, and renews its lease when it gets SIGUSR1. */
function stayingClient(namespace: string): Running {
  const script = join(network.folder, 'use-address')
  const lines = [
    '#!/bin/sh',
    'case $1 in bound|renew) ip addr replace $ip/$mask dev $interface;; esac',
  ]
  writeFileSync(script, lines.join('\n'), { mode: 0o755 })
  const command = ['busybox', 'udhcpc', '-i', 'eth0', '-f', '-T', '1', '-t', '10', '-s', script]
  return network.start(namespace, command, { private: true })
}

/** How many leases of ours were confirmed so far. */
function confirmed(serving: Running): number {
  return serving.lines.filter((line) => line.includes('"dhcp.ack"')).length
}

describe('one service', () => {
  test('nobody is there: asked as client and as relay, then addresses are given', async () => {
    const capture = await network.capture(other, 'eth0', `ether src ${ours.mac} and udp`)
    const serving = await serve()
    expect(await udhcpc(network, machine(1), ['-t', '6'])).toMatchObject({
      serverid: ours.address,
      ip: expect.stringMatching(/^10\.40\.0\.10\d$/),
    })
    expect(roles(serving)).toEqual([
      'asking whether another DHCP server is there; until that is known, boot data only',
      'no other DHCP server answered in 1 s: giving addresses',
    ])
    await capture.stop()
    const packets = capture.lines.join('\n')
    expect(packets).toMatch(/\.68 > 255\.255\.255\.255\.67: .*Request from 02:00:00:00:00:01/)
    expect(packets).toMatch(/\.67 > 255\.255\.255\.255\.67: .*Request from 02:00:00:00:00:01/)
    expect(packets).not.toMatch(/DHCP-Message \(53\), length 1: Request/)
  })

  test('one is there: boot data beside it, from the first packet on', async () => {
    await startRival('--no-ping')
    const capture = await network.capture(us, 'eth0', `ether src ${ours.mac} and udp src port 67`)
    const serving = await serve()
    await becomes(serving, steppedBack)
    const lease = await udhcpc(network, machine(1), ['-t', '8'])
    expect(lease).toMatchObject({ serverid: rival.address })
    await udhcpc(network, machine(2), ['-t', '2', ...asPxe(7)])
    await serving.line(/"proxy.offer"/)
    expect((await answers(capture)).filter(({ from }) => from === ours.mac)).toEqual([])
    expect(serving.lines.filter((line) => line.includes('service.hint'))).toEqual([])
  })

  test('it comes, goes, and comes back while machines hold leases', async () => {
    const capture = await network.capture(hub, 'br0', 'udp and src port 67')
    const serving = await serve()
    await becomes(serving, gives)
    const staying = stayingClient(machine(1))
    await staying.line(/lease of 10\.40\.0\.\d+ obtained from 10\.40\.0\.1/)

    const dnsmasq = await startRival('--no-ping')
    await becomes(serving, steppedBack)
    await serving.line(/"service.hint".*stepped back/)
    const taken = [await udhcpc(network, machine(2)), await udhcpc(network, machine(3))]
    expect(taken.map(({ serverid }) => serverid)).toEqual([rival.address, rival.address])
    expect(confirmed(serving)).toBe(1)
    staying.signal('SIGUSR1')
    await expect.poll(() => confirmed(serving)).toBe(2)

    await dnsmasq.stop()
    await becomes(serving, /^10\.40\.0\.9 has been silent for 3 s: giving addresses$/)
    // Four addresses are left: two are on machines that have them of the other server.
    const given = [4, 5, 6].map((number) => udhcpc(network, machine(number), ['-t', '8']))
    expect((await Promise.all(given)).map(({ serverid }) => serverid)).toEqual(
      [4, 5, 6].map(() => ours.address),
    )
    expect(await udhcpc(network, machine(7), ['-t', '2'])).toEqual({})
    await serving.line(/"dhcp.exhausted"/)

    await startRival('--no-ping')
    await becomes(serving, steppedBack)
    const isNew = confirmed(serving)
    expect(await udhcpc(network, machine(2))).toMatchObject({ serverid: rival.address })
    expect(confirmed(serving)).toBe(isNew)
    expectEachOnce(await answers(capture))
  })
})
