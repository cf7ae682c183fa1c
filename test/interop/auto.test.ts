/**
 * Mode `auto` beside a real DHCP server that comes and goes, with real clients. Who gave which
 * address to whom is read off the wire.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { asPxe, node, serveDhcp, serveDnsmasq, udhcpc } from '../support/dhcp-network.ts'
import { type Running, TestNetwork } from '../support/netns.ts'

const ours = { address: '10.40.0.1', mac: '02:00:00:00:00:01' }
const rival = { address: '10.40.0.9', mac: '02:00:00:00:00:09' }
const subnet = {
  network: '10.40.0.0/24',
  mode: 'auto',
  pool: ['10.40.0.100', '10.40.0.105'],
} as const
const timing = { listen: 1000, probe: 1000, takeover: 3000 }
/** For who has to be heard before the silence is over, however busy this machine is. */
const patient = { listen: 5000, probe: 1000, takeover: 10_000 }
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
const serveAtOther = (over: object) => {
  const leases = join(network.folder, 'other')
  return serveDhcp(network, other, { subnets: [subnet], leases, ...over })
}
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

/** How many addresses we have offered, and how many leases confirmed. */
function given(serving: Running): { offers: number; leases: number } {
  const count = (type: string) => serving.lines.filter((line) => line.includes(type)).length
  return { offers: count('"dhcp.offer"'), leases: count('"dhcp.ack"') }
}

/** What matches does not get in. */
async function firewall(namespace: string, match: string): Promise<void> {
  const chain = 'add table ip f; add chain ip f in { type filter hook input priority 0; }'
  const rules = `${chain}; add rule ip f in ${match} counter drop`
  expect(await network.run(namespace, ['nft', rules])).toEqual({ status: 0, output: '' })
}

describe('one service', () => {
  test.for(['full', 'proxy', 'unnamed'])(
    'nobody is asked where it is not auto: %s',
    async (mode) => {
      const questions = `ether src ${ours.mac} and udp dst port 67`
      const capture = await network.capture(us, 'eth0', questions)
      await serve({ subnets: mode === 'unnamed' ? [] : [{ ...subnet, mode }] })
      await udhcpc(network, machine(1), ['-t', '2'])
      await capture.stop()
      expect(capture.lines.filter((line) => line.includes('BOOTP'))).toEqual([])
    },
  )

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

  test('to name a subnet is enough', async () => {
    const folders = ['data', 'cache'].map((name) => join(network.folder, name))
    const variables = [`BOOTLACE_DATA=${folders[0]}`, `BOOTLACE_CACHE_DIRECTORY=${folders[1]}`]
    const main = new URL('../../src/main.ts', import.meta.url).pathname
    const command = [node, main, 'serve', '--subnet', '10.40.0.0/24', '--interface', 'eth0']
    const running = network.start(us, ['env', ...variables, ...command])
    await running.line(/"dhcp.role".*asking whether another DHCP server is there/, 20_000)
    const ready = await running.line(/"service.ready"/)
    expect(ready).toContain('boot data, until it is known whether a DHCP server is there')
    await running.line(/"dhcp.role".*no other DHCP server answered in 5 s: giving addresses/)
  })

  test('one is there: boot data beside it, from the first packet on', async () => {
    await startRival('--no-ping')
    const capture = await network.capture(us, 'eth0', `ether src ${ours.mac} and udp src port 67`)
    const serving = await serve({ timing: patient })
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
    const before = given(serving)
    const taken = [await udhcpc(network, machine(2)), await udhcpc(network, machine(3))]
    expect(taken.map(({ serverid }) => serverid)).toEqual([rival.address, rival.address])
    expect(given(serving)).toEqual(before)
    staying.signal('SIGUSR1')
    await expect.poll(() => given(serving).leases, { timeout: 10_000 }).toBe(before.leases + 1)

    await dnsmasq.stop()
    await becomes(serving, /^10\.40\.0\.9 has been silent for 3 s: giving addresses$/)
    // Four addresses are left: two are on machines that have them of the other server.
    const three = [4, 5, 6].map((number) => udhcpc(network, machine(number), ['-t', '8']))
    for (const lease of await Promise.all(three)) {
      expect(lease).toMatchObject({ serverid: ours.address })
    }
    expect(await udhcpc(network, machine(7), ['-t', '2'])).toEqual({})
    await serving.line(/"dhcp.exhausted"/)

    await startRival('--no-ping')
    await becomes(serving, steppedBack)
    const after = given(serving)
    expect(await udhcpc(network, machine(2))).toMatchObject({ serverid: rival.address })
    expect(given(serving)).toEqual(after)
    expectEachOnce(await answers(capture))
  })

  test('one that appears between two questions is found when the next machine asks', async () => {
    const serving = await serve({ timing: { ...timing, probe: 600_000, takeover: 900_000 } })
    await becomes(serving, gives)
    await startRival('--no-ping')
    await udhcpc(network, machine(1))
    await becomes(serving, steppedBack)
    expect(await udhcpc(network, machine(2))).toMatchObject({ serverid: rival.address })
  })

  test('what it says only to machines that it knows is heard from them', async () => {
    await startRival('--no-ping', '--dhcp-ignore=tag:!known')
    const serving = await serve()
    await becomes(serving, gives)
    const conf = join(network.folder, 'dhclient.conf')
    writeFileSync(conf, `reject ${ours.address};\n`)
    const words = ['-4', '-1', '-v', '-cf', conf, '-sf', '/bin/true', 'eth0']
    const ran = await network.run(machine(2), ['dhclient', ...words], { private: true })
    expect(ran.output).toMatch(/bound to 10\.40\.0\.104/)
    await becomes(serving, steppedBack)
  })

  test('this machine’s own DHCP client renews as before', async () => {
    await startRival('--no-ping')
    const client = stayingClient(us)
    await client.line(/lease of/)
    const serving = await serve({ timing: patient })
    await becomes(serving, steppedBack)
    client.signal('SIGUSR1')
    const leases = () => client.lines.filter((line) => line.includes('lease of')).length
    await expect.poll(leases, { timeout: 10_000 }).toBe(2)
    expect(serving.lines.filter((line) => line.includes('service.hint'))).toEqual([])
  })

  test.for([
    ['dhclient', '-4', '-1', '-v', '-sf', '/bin/true', 'eth0'],
    ['dhcpcd', '-4', '-1', '-B', '-A', '-d', '--script', '/bin/true', 'eth0'],
  ])('a DHCP client that this machine starts later gets its lease: %s', async (command) => {
    await startRival('--no-ping')
    const serving = await serve({ timing: patient })
    await becomes(serving, steppedBack)
    const ran = await network.run(us, command, { private: true })
    expect(ran.output).toMatch(/(bound to|leased) 10\.40\.0\.10\d/)
  })

  test('a firewall that closes the client port: heard all the same', async () => {
    await firewall(us, 'udp dport 68')
    await startRival('--no-ping')
    await becomes(await serve(), steppedBack)
  })

  test('a server that answers no relay: heard on the client port', async () => {
    await firewall(other, 'udp dport 67 @th,256,32 != 0') // giaddr, behind the UDP header
    await startRival('--no-ping')
    await becomes(await serve(), steppedBack)
    const counted = await network.run(other, ['nft', 'list', 'table', 'ip', 'f'])
    expect(counted.output).toMatch(/packets [1-9]/)
  })

  test('a client port that somebody keeps for himself: told, and heard all the same', async () => {
    const holder = `require('dgram').createSocket('udp4').bind(68, () => console.log('has it'))`
    await network.start(us, [node, '-e', holder]).line(/has it/)
    await startRival('--no-ping')
    const serving = await serve()
    await serving.line(/service.hint.*UDP port 68 .* is in use by/)
    await becomes(serving, steppedBack)
  })

  test('behind a relay nobody can be asked: who asks again has no other server', async () => {
    const [relay, client] = ['rel', 'cli'].map((name) => network.namespace(name))
    network.plug(hub, [relay!, 'toward', '10.40.0.2/24'])
    network.link([relay!, 'away', '10.50.0.1/24'], [client!, 'eth0'])
    await network.run(us, ['ip', 'route', 'add', '10.50.0.0/24', 'via', '10.40.0.2'])
    const remote = { ...subnet, network: '10.50.0.0/24', pool: ['10.50.0.10', '10.50.0.20'] }
    const serving = await serve({ subnets: [remote] })
    await serveDnsmasq(network, relay!, ['--dhcp-relay=10.50.0.1,10.40.0.1'])
    expect(await udhcpc(network, client!, ['-t', '10'])).toMatchObject({
      ip: expect.stringMatching(/^10\.50\.0\.[12]\d$/),
    })
    expect(roles(serving)).toEqual([
      'a machine asked again because nobody gives it an address: giving addresses',
    ])
  })
})

describe('two services on one wire', () => {
  test('started together: the lower address gives, the other when that one has died', async () => {
    const together = { timing: { listen: 3000, probe: 1000, takeover: 5000 } }
    const capture = await network.capture(hub, 'br0', 'udp and src port 67')
    const [one, two] = await Promise.all([serve(together), serveAtOther(together)])
    await becomes(one, gives)
    await becomes(two, /^10\.40\.0\.1(, another Bootlace, is about to give| gives) addresses/)
    expect(await udhcpc(network, machine(1))).toMatchObject({ serverid: ours.address })
    await one.stop('SIGKILL')
    await becomes(two, gives)
    expect(await udhcpc(network, machine(2))).toMatchObject({ serverid: rival.address })

    const again = await serve(together)
    await becomes(again, steppedBack)
    expect(await udhcpc(network, machine(3))).toMatchObject({ serverid: rival.address })
    expect(roles(two).at(-1)).toMatch(gives)
    expectEachOnce(await answers(capture))
  })
})
