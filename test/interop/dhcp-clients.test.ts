/** Real DHCP clients against our server, each in its own namespace. */
import { beforeEach, afterEach, describe, expect, test } from 'vitest'
import { asPxe, node, serveDhcp, serveDnsmasq, udhcpc } from '../support/dhcp-network.ts'
import { type Running, TestNetwork } from '../support/netns.ts'

const machine = '52:54:00:00:00:01'
const subnet = {
  network: '10.40.0.0/24',
  pool: ['10.40.0.100', '10.40.0.110'],
  gateway: '10.40.0.1',
  dns: ['10.40.0.1'],
  domain: 'lab.example',
} as const

let network: TestNetwork
beforeEach(() => {
  network = new TestNetwork()
})
afterEach(async () => {
  await network[Symbol.asyncDispose]()
})

/** Server and client on one cable. */
function pair(clientAddress?: string): { server: string; client: string } {
  const server = network.namespace('srv')
  const client = network.namespace('cli')
  network.link([server, 'eth0', '10.40.0.1/24'], [client, 'eth0', clientAddress, machine])
  return { server, client }
}

function eventsOf(running: Running, type: string): Record<string, unknown>[] {
  return running.lines
    .filter((line) => line.includes(`"type":"${type}"`))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** A switch with us on it, a machine, and room for somebody else's DHCP server. */
async function guest() {
  const hub = network.switch('sw')
  const [us, client, other] = ['us', 'cli', 'oth'].map((name) => network.namespace(name))
  network.plug(hub, [us!, 'eth0', '10.40.0.2/24', '02:00:00:00:00:02'])
  network.plug(hub, [client!, 'eth0', undefined, machine])
  network.plug(hub, [other!, 'eth0', '10.40.0.1/24'])
  const filter = 'ether src 02:00:00:00:00:02 and udp and (src port 67 or src port 4011)'
  const capture = await network.capture(us!, 'eth0', filter)
  const serving = await serveDhcp(network, us!, {})
  return { client: client!, other: other!, capture, serving }
}

/** Every packet by which we could look for somebody at an address. */
const askingForAddress = 'arp or icmp or (udp and port 9)'

const range = ['--interface=eth0', '--bind-interfaces', '--dhcp-range=10.40.0.50,10.40.0.60']

/** Everything that we sent: some packets, and in none an address or a lease. */
async function expectNoAddress(capture: Running): Promise<void> {
  await capture.line(/BOOTP\/DHCP, Reply/)
  await capture.stop()
  const text = capture.lines.join('\n')
  expect(text).not.toMatch(/Your-IP|Lease-Time|Subnet-Mask|Default-Gateway/)
}

describe('full mode', () => {
  test('udhcpc gets address, network and times', async () => {
    const { server, client } = pair()
    await serveDhcp(network, server, { subnets: [subnet] })
    expect(await udhcpc(network, client)).toMatchObject({
      ip: expect.stringMatching(/^10\.40\.0\.1\d\d$/),
      mask: '24',
      router: '10.40.0.1',
      dns: '10.40.0.1',
      domain: 'lab.example',
      lease: '3600',
      serverid: '10.40.0.1',
      broadcast: '10.40.0.255',
    })
  })

  test('udhcpc as PXE firmware gets the loader of its architecture', async () => {
    const { server, client } = pair()
    await serveDhcp(network, server, { subnets: [subnet] })
    const bios = await udhcpc(network, client, asPxe(0))
    expect(bios).toMatchObject({ siaddr: '10.40.0.1', boot_file: 'lpxelinux.0', tftp: '10.40.0.1' })
    const uefi = await udhcpc(network, client, asPxe(7))
    expect(uefi).toMatchObject({ boot_file: 'snponly.efi', bootfile: 'snponly.efi' })
  })

  test('dhclient', async () => {
    const { server, client } = pair()
    await serveDhcp(network, server, { subnets: [subnet] })
    const command = ['dhclient', '-4', '-1', '-v', '-sf', '/bin/true', 'eth0']
    const ran = await network.run(client, command, { private: true })
    expect(ran.output).toMatch(/bound to 10\.40\.0\.1\d\d -- renewal in \d+ seconds/)
  })

  test('dhcpcd, which looks for the address with ARP first', async () => {
    const { server, client } = pair()
    await serveDhcp(network, server, { subnets: [subnet] })
    const command = ['dhcpcd', '-4', '-1', '-B', '-d', '--script', '/bin/true', 'eth0']
    const ran = await network.run(client, command, { private: true })
    expect(ran.output).toMatch(/leased 10\.40\.0\.1\d\d for 3600 seconds/)
  })

  test("the npm package's client", async () => {
    const { server, client } = pair('10.40.0.20/24')
    const reservations = { [machine]: '10.40.0.20' }
    const serving = await serveDhcp(network, server, { subnets: [{ ...subnet, reservations }] })
    await udhcpc(network, client)
    await network.run(client, ['ip', 'route', 'replace', 'default', 'dev', 'eth0'])
    const script = new URL('../support/npm-dhcp-client.ts', import.meta.url).pathname
    const ran = await network.run(client, [node, script, machine])
    expect(ran.output).toMatch(/bound .*"address":"10\.40\.0\.20"/)
    expect(eventsOf(serving, 'dhcp.ack')).toHaveLength(2)
  })

  test('one MAC with three client ids keeps its address', async () => {
    const { server, client } = pair()
    await serveDhcp(network, server, { subnets: [subnet] })
    const firmware = await udhcpc(network, client, [...asPxe(0), '-C'])
    const ipxe = await udhcpc(network, client, ['-x', '0x4d:69505845', '-V', 'PXEClient'])
    const system = await udhcpc(network, client, [
      '-C',
      '-x',
      '0x3d:ff00000001000100012a2b2c2d5254',
    ])
    expect(firmware['ip']).toMatch(/^10\.40/)
    expect([ipxe['ip'], system['ip']]).toEqual([firmware['ip'], firmware['ip']])
  })

  test('kill -9 between the ACK and the restart loses no lease', async () => {
    const { server, client } = pair()
    const first = await serveDhcp(network, server, { subnets: [subnet] })
    const before = await udhcpc(network, client, ['-r', '10.40.0.107'])
    expect(before['ip']).toBe('10.40.0.107')
    await first.stop('SIGKILL')
    await serveDhcp(network, server, { subnets: [subnet] })
    await network.run(client, ['ip', 'link', 'set', 'eth0', 'address', '52:54:00:00:00:02'])
    const thief = await udhcpc(network, client, ['-r', '10.40.0.107'])
    expect(thief['ip']).toMatch(/^10\.40\.0\.1\d\d$/)
    expect(thief['ip']).not.toBe('10.40.0.107')
    await network.run(client, ['ip', 'link', 'set', 'eth0', 'address', machine])
    expect((await udhcpc(network, client))['ip']).toBe('10.40.0.107')
  })

  test('an address that somebody uses is declined, rests, and another one is given', async () => {
    const hub = network.switch('sw')
    const [server, client, squatter] = ['srv', 'cli', 'sq'].map((name) => network.namespace(name))
    network.plug(hub, [server!, 'eth0', '10.40.0.1/24'])
    network.plug(hub, [client!, 'eth0', undefined, machine])
    network.plug(hub, [squatter!, 'eth0', '10.40.0.105/24'])
    // Nobody is asked about a reserved address: it is for the machine that finds somebody on it.
    const reservations = { [machine]: '10.40.0.105' }
    const serving = await serveDhcp(network, server!, { subnets: [{ ...subnet, reservations }] })
    const lease = await udhcpc(network, client!, ['-a', '-A', '1'])
    expect(eventsOf(serving, 'dhcp.decline')).toMatchObject([{ mac: machine, ip: '10.40.0.105' }])
    expect(lease['ip']).toMatch(/^10\.40\.0\.1\d\d$/)
    expect(lease['ip']).not.toBe('10.40.0.105')
  })

  test('static hosts in the pool: a machine gets another address, and no NAK', async () => {
    const hub = network.switch('sw')
    const [server, one, two] = ['srv', 'c1', 'c2'].map((name) => network.namespace(name))
    network.plug(hub, [server!, 'eth0', '10.40.0.1/24'])
    network.plug(hub, [one!, 'eth0'])
    network.plug(hub, [two!, 'eth0'])
    const used = ['10.40.0.100', '10.40.0.101', '10.40.0.102']
    const hosts = network.namespace('hosts')
    for (const [index, address] of used.entries()) {
      network.plug(hub, [hosts, `eth${index}`, `${address}/32`])
    }
    const pool = ['10.40.0.100', '10.40.0.104'] as const
    const capture = await network.capture(server!, 'eth0', askingForAddress)
    const serving = await serveDhcp(network, server!, { subnets: [{ ...subnet, pool }] })
    const leases = [await udhcpc(network, one!), await udhcpc(network, two!, ['-r', used[1]!])]
    const free = ['10.40.0.103', '10.40.0.104']
    expect(new Set(leases.map(({ ip }) => ip))).toEqual(new Set(free))
    // A client on a busy machine may ask twice before it hears the first answer.
    const types = ['ack', 'nak', 'decline', 'exhausted', 'conflict']
    const counts = types.map((type) => eventsOf(serving, `dhcp.${type}`).length)
    expect(counts).toEqual([2, 0, 0, 0, 3])
    const conflicts = eventsOf(serving, 'dhcp.conflict').map((event) => event['ip'])
    expect(new Set(conflicts)).toEqual(new Set(used))
    await capture.line(/who-has 10\.40\.0\.103 tell 10\.40\.0\.1/)
  })

  test('an address is given back', async () => {
    const { server, client } = pair()
    const serving = await serveDhcp(network, server, { subnets: [subnet] })
    const command = ['busybox', 'udhcpc', '-i', 'eth0', '-f', '-R', '-s', '/bin/true']
    const going = network.start(client, command, { private: true })
    const line = await going.line(/lease of/)
    const address = `${/10[.\d]+/.exec(line)?.[0]}/24`
    await network.run(client, ['ip', 'addr', 'add', address, 'dev', 'eth0'])
    await going.stop()
    await serving.line(/"dhcp.release"/)
  })

  test('two interfaces, two subnets, at once; a third one that appears later', async () => {
    const server = network.namespace('srv')
    const [one, two, three] = ['c1', 'c2', 'c3'].map((name) => network.namespace(name))
    network.link([server, 'e1', '10.41.0.1/24'], [one!, 'eth0'])
    network.link([server, 'e2', '10.42.0.1/24'], [two!, 'eth0'])
    const serving = await serveDhcp(network, server, {
      rescan: 100,
      subnets: [41, 42, 43].map((net) => ({
        network: `10.${net}.0.0/24`,
        pool: [`10.${net}.0.10`, `10.${net}.0.20`],
      })),
    })
    const [a, b] = await Promise.all([one!, two!].map((client) => udhcpc(network, client)))
    expect([a!['ip'], b!['ip']]).toEqual([
      expect.stringMatching(/^10\.41\./),
      expect.stringMatching(/^10\.42\./),
    ])
    network.link([server, 'e3', '10.43.0.1/24'], [three!, 'eth0'])
    await serving.line(/"interface.open","interface":"e3"/)
    expect((await udhcpc(network, three!))['ip']).toMatch(/^10\.43\./)
    await network.run(server, ['ip', 'link', 'del', 'e3'])
    await serving.line(/"interface.close","interface":"e3"/)
  })

  test('an interface that was removed and made again is heard again', async () => {
    const { server } = pair()
    const serving = await serveDhcp(network, server, { rescan: 100, subnets: [subnet] })
    await network.run(server, ['ip', 'link', 'del', 'eth0'])
    const other = network.namespace('other')
    network.link([server, 'eth0', '10.40.0.1/24'], [other, 'eth0', undefined, machine])
    await expect.poll(() => eventsOf(serving, 'interface.open').length).toBe(2)
    expect((await udhcpc(network, other))['ip']).toMatch(/^10\.40/)
  })

  test('behind a relay (dnsmasq): the subnet of the relay, the answer through it', async () => {
    const [server, relay, client] = ['srv', 'rel', 'cli'].map((name) => network.namespace(name))
    network.link([server!, 'eth0', '10.40.0.1/24'], [relay!, 'toward', '10.40.0.2/24'])
    network.link([relay!, 'away', '10.50.0.1/24'], [client!, 'eth0', undefined, machine])
    await network.run(server!, ['ip', 'route', 'add', '10.50.0.0/24', 'via', '10.40.0.2'])
    await serveDhcp(network, server!, {
      subnets: [
        subnet,
        { network: '10.50.0.0/24', pool: ['10.50.0.10', '10.50.0.20'], gateway: '10.50.0.1' },
      ],
    })
    await serveDnsmasq(network, relay!, ['--dhcp-relay=10.50.0.1,10.40.0.1'])
    expect(await udhcpc(network, client!)).toMatchObject({
      ip: expect.stringMatching(/^10\.50\.0\.1\d$/),
      router: '10.50.0.1',
      serverid: '10.40.0.1',
    })
  })

  test('a port that is taken is told, and by whom', async () => {
    const { server } = pair()
    await serveDnsmasq(network, server, [
      '--dhcp-range=10.40.0.50,10.40.0.60',
      '--interface=eth0',
      '--bind-interfaces',
    ])
    await expect(serveDhcp(network, server, { subnets: [subnet] })).rejects.toThrow(
      /UDP port 67 .* is in use by .*dnsmasq/,
    )
  })
})

describe('guest: nothing configured', () => {
  test('no DHCP server: boot data only, and a hint how to give addresses', async () => {
    const { client, capture, serving } = await guest()
    expect(await udhcpc(network, client, ['-t', '2', ...asPxe(7)])).toEqual({})
    expect(await udhcpc(network, client, ['-t', '6'])).toEqual({})
    expect(eventsOf(serving, 'proxy.offer')[0]).toMatchObject({
      mac: machine,
      interface: 'eth0',
      firmware: 'uefi-x64',
      stage: 'firmware',
      bootFile: 'snponly.efi',
    })
    expect(eventsOf(serving, 'service.hint')).toMatchObject([
      { interface: 'eth0', reason: expect.stringContaining('--subnet 10.40.0.0/24') },
    ])
    await expectNoAddress(capture)
  })

  test('dnsmasq is there: it gives the address, we the boot data', async () => {
    const { client, other, capture, serving } = await guest()
    await serveDnsmasq(network, other, range)
    const lease = await udhcpc(network, client, ['-t', '8', ...asPxe(0)])
    expect(eventsOf(serving, 'proxy.offer').length).toBeGreaterThan(0)
    expect(eventsOf(serving, 'service.hint')).toEqual([])
    if (lease['ip'] !== undefined) expect(lease['ip']).toMatch(/^10\.40\.0\.5\d$/)
    expect((await udhcpc(network, client))['ip']).toMatch(/^10\.40\.0\.5\d$/)
    await expectNoAddress(capture)
  })

  test('one that comes and goes', async () => {
    const { client, other, capture, serving } = await guest()
    await udhcpc(network, client, ['-t', '2', ...asPxe(7)])
    const dnsmasq = await serveDnsmasq(network, other, range)
    const lease = await udhcpc(network, client)
    expect(lease['ip']).toMatch(/^10\.40\.0\.5\d$/)
    await dnsmasq.stop()
    const renewal = ['-r', lease['ip'] ?? '']
    expect(await udhcpc(network, client, [...renewal, ...asPxe(7)])).toEqual({})
    expect(await udhcpc(network, client, renewal)).toEqual({})
    expect(eventsOf(serving, 'service.hint')).toEqual([])
    await expectNoAddress(capture)
  })

  test.for<'otherwise' | 'proxy'>(['otherwise', 'proxy'])(
    'nobody is ever asked for an address (%s)',
    async (mode) => {
      const { server, client } = pair()
      const capture = await network.capture(server, 'eth0', askingForAddress)
      const subnets = mode === 'proxy' ? [{ ...subnet, mode }] : []
      await serveDhcp(network, server, { subnets })
      expect(await udhcpc(network, client, ['-t', '3', ...asPxe(7)])).toEqual({})
      await capture.stop()
      expect(capture.lines.filter((line) => /ARP|10\.40/.test(line))).toEqual([])
    },
  )
})
