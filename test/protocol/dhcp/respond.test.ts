import * as fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { formatIpv4 } from '../../../src/core/address.ts'
import type { BootReply } from '../../../src/protocol/dhcp/boot-reply.ts'
import type { DhcpEffect } from '../../../src/protocol/dhcp/effect.ts'
import {
  LeaseTable,
  offerMilliseconds,
  quarantineMilliseconds,
} from '../../../src/protocol/dhcp/lease-table.ts'
import { respond } from '../../../src/protocol/dhcp/respond.ts'
import type { DhcpSubnet } from '../../../src/protocol/dhcp/subnet.ts'
import { decodeDhcp, type DhcpMessage, encodeDhcp } from '../../../src/wire/dhcp/dhcp-message.ts'
import { dhcpOption, type MessageType, messageTypes } from '../../../src/wire/dhcp/dhcp-options.ts'
import {
  biosBoot,
  captured,
  httpBoot,
  ip,
  ipxeBoot,
  lab,
  mac,
  message,
  server,
  uefiBoot,
  type Wish,
  withOption,
} from '../../support/dhcp-messages.ts'
import { edk2Choose, edk2Classify, edk2HttpUrl, ipxeChoose } from '../../support/firmware-models.ts'
import { hex } from '../../support/hex.ts'

let leases: LeaseTable
let now: number
beforeEach(() => {
  leases = new LeaseTable()
  now = 1_000_000
})

function hear(
  request: DhcpMessage,
  boot?: BootReply,
  subnet: DhcpSubnet = lab,
): readonly DhcpEffect[] {
  return respond(request, { leases, subnet, server, own: new Set([server]), boot }, now)
}

/** The one reply among the effects. */
function replyTo(request: DhcpMessage, boot?: BootReply, subnet?: DhcpSubnet): DhcpMessage {
  const replies = hear(request, boot, subnet).filter((effect) => effect.type === 'reply')
  expect(replies).toHaveLength(1)
  return replies[0]!.message
}

function typeOf(reply: DhcpMessage): MessageType | undefined {
  return reply.options.get(dhcpOption.messageType)
}

/** DISCOVER, OFFER, REQUEST, ACK; answers the address. */
function dora(wish: Wish = {}): string {
  const offered = formatIpv4(replyTo(message('discover', wish)).yourAddress)
  const ack = replyTo(
    message('request', { ...wish, requested: offered, serverId: formatIpv4(server) }),
  )
  expect(typeOf(ack)).toBe('ack')
  expect(formatIpv4(ack.yourAddress)).toBe(offered)
  return offered
}

const whose = (address: string) => leases.macAt(ip(address), now)
const reasonOf = (effects: readonly DhcpEffect[]): string | undefined =>
  effects.map((effect) => (effect.type === 'note' ? effect.outcome.reason : undefined))[0]

describe('getting an address', () => {
  test('OFFER and ACK carry the network and T1 < T2 < lease', () => {
    const offer = replyTo(message('discover'))
    expect(typeOf(offer)).toBe('offer')
    for (const [option, value] of [
      [dhcpOption.serverId, server],
      [dhcpOption.subnetMask, ip('255.255.255.0')],
      [dhcpOption.routers, [lab.gateway]],
      [dhcpOption.dnsServers, lab.dns],
      [dhcpOption.domainName, 'lab.example'],
      [dhcpOption.leaseSeconds, 3600],
      [dhcpOption.renewalSeconds, 1800],
      [dhcpOption.rebindingSeconds, 3150],
    ] as const) {
      expect(option.decode(offer.options.octets(option.code)!)).toEqual(value)
    }
    expect(offer.clientAddress).toBe(0)
    expect(offer.bootFile).toBe('')
  })

  test('the lease is stored before the ACK leaves, and not for an OFFER', () => {
    expect(hear(message('discover')).map(({ type }) => type)).toEqual(['reply'])
    const offered = formatIpv4(replyTo(message('discover')).yourAddress)
    const effects = hear(message('request', { requested: offered, serverId: '10.40.0.1' }))
    expect(effects.map(({ type }) => type)).toEqual(['persist', 'reply'])
    expect(effects[0]).toMatchObject({
      lease: { state: 'bound', expires: now + 3_600_000, mac: '52:54:00:00:00:01' },
    })
  })

  test('duplicates change nothing', () => {
    const discover = message('discover')
    const [one, two] = [replyTo(discover), replyTo(discover)]
    expect(two.yourAddress).toBe(one.yourAddress)
    const request = message('request', {
      requested: formatIpv4(one.yourAddress),
      serverId: '10.40.0.1',
    })
    expect(replyTo(request)).toEqual(replyTo(request))
  })

  test('one machine keeps its address through firmware, iPXE and system', () => {
    const firmware = dora({ vendorClass: 'PXEClient:Arch:00000:UNDI:002001' })
    const ipxe = dora({ clientId: hex('01 525400000001') })
    const system = dora({ clientId: hex('ff 00000001 00010001 2a2b2c2d 525400000001') })
    expect([ipxe, system]).toEqual([firmware, firmware])
  })

  test('a machine keeps its address when the server forgets, by its key alone', () => {
    const before = dora()
    leases = new LeaseTable()
    expect(dora()).toBe(before)
  })

  test('clients without an Ethernet address are told apart by client id', () => {
    const a = dora({ hlen: 16, clientId: hex('00 aa') })
    const b = dora({ hlen: 16, clientId: hex('00 bb') })
    expect(a).not.toBe(b)
    expect(dora({ hlen: 0, clientId: hex('00 aa') })).toBe(a)
  })

  test('what a client says of itself is kept readable and short', () => {
    const told = [12, hex('1b5b324a 61 0d0a')] as const
    const [offered] = hear(message('discover', { options: [told] }))
    expect(offered?.type).toBe('reply')
    expect(leases.find('52:54:00:00:00:01', lab.subnet)?.hostName).toBe('\\x1b[2Ja\\x0d\\x0a')
    hear(message('discover', { mac: '52:54:00:00:00:02', options: [[12, new Uint8Array(9000)]] }))
    hear(message('discover', { hlen: 0, clientId: new Uint8Array(9000).fill(7) }))
    expect(leases.find(`id:${'07'.repeat(255)}`, lab.subnet)).toBeDefined()
  })

  test('a hardware address of another length serves where there is no client id', () => {
    expect(dora({ hlen: 16 })).toBe(dora({ hlen: 16 }))
  })

  test('a client that says nothing about itself is ignored', () => {
    const nobody = message('discover', { mac: '00:00:00:00:00:00' })
    expect(reasonOf(hear(nobody))).toBe('neither a hardware address nor a client id')
  })

  test('the wished address is given when it is free and in the pool', () => {
    expect(formatIpv4(replyTo(message('discover', { requested: '10.40.0.107' })).yourAddress)).toBe(
      '10.40.0.107',
    )
  })

  test.for(['10.40.0.1', '10.40.0.254', '10.40.0.53', '10.40.0.0', '10.40.0.255', '10.40.0.20'])(
    '%s is never given, even when wished and in the pool',
    (requested) => {
      const wide = { ...lab, pool: [{ first: ip('10.40.0.0'), last: ip('10.40.0.255') }] }
      const offer = replyTo(message('discover', { requested }), undefined, wide)
      expect(formatIpv4(offer.yourAddress)).not.toBe(requested)
    },
  )

  test('every other address of a pool is given, each once', () => {
    const wide = { ...lab, pool: [{ first: ip('10.40.0.0'), last: ip('10.40.0.255') }] }
    const given = new Set<string>()
    for (let index = 0; index < 250; index++) {
      const own = `52:54:00:00:01:${index.toString(16).padStart(2, '0')}`
      given.add(formatIpv4(replyTo(message('discover', { mac: own }), undefined, wide).yourAddress))
    }
    expect(given.size).toBe(250) // 256 without network, broadcast, ours, gateway, DNS, reserved
    expect(reasonOf(hear(message('discover', { mac: '52:54:00:00:02:01' }), undefined, wide))).toBe(
      'no address is free',
    )
  }, 20_000)

  test('a reservation wins, also over a lease from before', () => {
    const free = { ...lab, reservations: new Map() }
    const before = replyTo(message('discover', { mac: '52:54:00:00:00:99' }), undefined, free)
    expect(formatIpv4(before.yourAddress)).not.toBe('10.40.0.20')
    expect(dora({ mac: '52:54:00:00:00:99' })).toBe('10.40.0.20')
  })

  test('offers that nobody takes are free again', () => {
    for (let index = 0; index < 10; index++) {
      replyTo(message('discover', { mac: `52:54:00:00:03:0${index}` }))
    }
    const late = message('discover', { mac: '52:54:00:00:03:ff' })
    expect(reasonOf(hear(late))).toBe('no address is free')
    now += offerMilliseconds
    expect(typeOf(replyTo(late))).toBe('offer')
  })

  test('a full pool gives the address that was given up longest ago', () => {
    const given = Array.from({ length: 10 }, (_, index) => {
      now += 1000
      return dora({ mac: `52:54:00:00:03:0${index}` })
    })
    now += 3_600_000
    expect(dora({ mac: '52:54:00:00:03:ff' })).toBe(given[0])
  })

  test.for([
    [undefined, 3600],
    [600, 600],
    [1, 60],
    [0xffffffff, 3600],
  ] as const)('a client that wishes %s seconds gets %i', ([leaseSeconds, given]) => {
    const wish = leaseSeconds === undefined ? {} : { leaseSeconds }
    const offer = replyTo(message('discover', wish))
    expect(offer.options.get(dhcpOption.leaseSeconds)).toBe(given)
  })
})

describe('whose address it is', () => {
  test('a machine is known by its lease until that ends', () => {
    const address = dora()
    expect(whose(address)).toBe('52:54:00:00:00:01')
    now += 3_600_000
    expect(whose(address)).toBeUndefined()
    dora()
    hear(message('release', { ciaddr: address, serverId: '10.40.0.1' }))
    expect(whose(address)).toBeUndefined()
  })

  test('an offer or a conflict makes no machine known: somebody else may be there', () => {
    const offered = formatIpv4(replyTo(message('discover')).yourAddress)
    expect(whose(offered)).toBeUndefined()
    hear(message('decline', { requested: dora(), serverId: '10.40.0.1' }))
    expect(whose(offered)).toBeUndefined()
  })
})

describe('requests that are not for us, or wrong', () => {
  test("another server's offer is taken: ours is withdrawn in silence", () => {
    replyTo(message('discover', { requested: '10.40.0.105' }))
    const effects = hear(message('request', { requested: '10.9.9.9', serverId: '10.40.0.2' }))
    expect(reasonOf(effects)).toBe('the client took the offer of 10.40.0.2')
    expect(dora({ mac: '52:54:00:00:00:02', requested: '10.40.0.105' })).toBe('10.40.0.105')
  })

  test("another server's client is left alone when it renews, whatever we once offered it", () => {
    const address = formatIpv4(replyTo(message('discover')).yourAddress)
    hear(message('request', { requested: '10.40.0.200', serverId: '10.40.0.2' }))
    for (const wish of [{ ciaddr: '10.40.0.200' }, { requested: '10.40.0.200' }]) {
      expect(reasonOf(hear(message('request', wish)))).toMatch(/without a lease of ours/)
    }
    expect(reasonOf(hear(message('request', { requested: address })))).toMatch(/without a lease/)
  })

  test("a client that gave our address back and has another server's is left alone", () => {
    const address = dora()
    hear(message('release', { ciaddr: address, serverId: '10.40.0.1' }))
    const renewal = message('request', { ciaddr: '10.40.0.200' })
    expect(reasonOf(hear(renewal))).toMatch(/without a lease of ours/)
  })

  test("another server's ACK does not cost the machine its lease", () => {
    const address = dora()
    hear(message('request', { requested: '10.9.9.9', serverId: '10.40.0.2' }))
    expect(leases.active(now).map((lease) => formatIpv4(lease.address))).toEqual([address])
  })

  test("SELECTING another machine's address is refused", () => {
    const address = dora()
    const nak = replyTo(
      message('request', {
        mac: '52:54:00:00:00:02',
        requested: address,
        serverId: '10.40.0.1',
        clientId: hex('00 01'),
      }),
    )
    expect(typeOf(nak)).toBe('nak')
    expect([nak.yourAddress, nak.nextServer, nak.clientAddress, nak.bootFile]).toEqual([
      0,
      0,
      0,
      '',
    ])
    expect(nak.options.get(dhcpOption.serverId)).toBe(server)
    expect(nak.options.get(dhcpOption.clientId)).toEqual(hex('00 01'))
    expect(nak.options.has(dhcpOption.leaseSeconds)).toBe(false)
  })

  test('a machine that asks for one address after another has only the last one', () => {
    for (const requested of ['10.40.0.101', '10.40.0.102', '10.40.0.103']) {
      replyTo(message('request', { requested, serverId: '10.40.0.1' }))
    }
    expect(leases.active(now).map((lease) => formatIpv4(lease.address))).toEqual(['10.40.0.103'])
    expect(dora({ mac: '52:54:00:00:00:02', requested: '10.40.0.101' })).toBe('10.40.0.101')
  })

  test('SELECTING outside the pool is refused', () => {
    const request = message('request', { requested: '10.40.0.200', serverId: '10.40.0.1' })
    expect(typeOf(replyTo(request))).toBe('nak')
  })

  test('a REQUEST without any address is ignored', () => {
    expect(reasonOf(hear(message('request')))).toMatch(/neither server nor address/)
    expect(reasonOf(hear(message('request', { serverId: '10.40.0.1' })))).toMatch(/no address/)
  })

  test('plain BOOTP is ignored', () => {
    const octets = encodeDhcp(message('discover'))
    octets.fill(0, 240, 243) // option 53 becomes padding
    expect(reasonOf(hear(decodeDhcp(octets)))).toBe('plain BOOTP, not DHCP')
  })

  test.for(['offer', 'ack', 'nak', 'forceRenew'] as const)('%s is not for a server', (type) => {
    expect(reasonOf(hear(message(type)))).toMatch(/not for a server/)
  })

  test('a reply is not a request', () => {
    expect(reasonOf(hear({ ...message('discover'), operation: 'reply' }))).toMatch(/a reply/)
  })
})

describe('a client that has an address', () => {
  test('INIT-REBOOT with its own address is confirmed', () => {
    const address = dora()
    const ack = replyTo(message('request', { requested: address }))
    expect([typeOf(ack), formatIpv4(ack.yourAddress)]).toEqual(['ack', address])
  })

  test('INIT-REBOOT after the lease ran out is confirmed while the address is free', () => {
    const address = dora()
    now += 7_200_000
    expect(typeOf(replyTo(message('request', { requested: address })))).toBe('ack')
  })

  test('INIT-REBOOT with a wrong address is refused', () => {
    dora({ requested: '10.40.0.101' })
    expect(typeOf(replyTo(message('request', { requested: '10.40.0.102' })))).toBe('nak')
  })

  test('INIT-REBOOT of an unknown client is met with silence', () => {
    const effects = hear(message('request', { requested: '10.40.0.102' }))
    expect(effects.map(({ type }) => type)).toEqual(['note'])
  })

  test('INIT-REBOOT of an unknown client on the wrong network is refused', () => {
    expect(typeOf(replyTo(message('request', { requested: '192.168.7.7' })))).toBe('nak')
  })

  test('an address that was only offered is not known', () => {
    const offered = formatIpv4(replyTo(message('discover')).yourAddress)
    expect(hear(message('request', { requested: offered })).map(({ type }) => type)).toEqual([
      'note',
    ])
  })

  test('renewing extends the lease, `yiaddr` and `ciaddr` as RFC 2131 table 3 says', () => {
    const address = dora()
    now += 1_800_000
    const effects = hear(message('request', { ciaddr: address }))
    expect(effects[0]).toMatchObject({ type: 'persist', lease: { expires: now + 3_600_000 } })
    expect(formatIpv4(replyTo(message('request', { ciaddr: address })).yourAddress)).toBe(address)
  })

  test('renewing the address of another machine is refused', () => {
    const address = dora({ requested: '10.40.0.101' })
    dora({ mac: '52:54:00:00:00:02', requested: '10.40.0.102' })
    const thief = message('request', { mac: '52:54:00:00:00:02', ciaddr: address })
    expect(typeOf(replyTo(thief))).toBe('nak')
    expect(leases.holder(ip(address))?.key).toBe('52:54:00:00:00:01')
  })

  test('renewing an address that was reserved for another machine since is refused', () => {
    const address = dora()
    const changed = { ...lab, reservations: new Map([[mac('52:54:00:00:00:77'), ip(address)]]) }
    const nak = replyTo(message('request', { ciaddr: address }), undefined, changed)
    expect(typeOf(nak)).toBe('nak')
  })

  test('renewing another address than the reserved one is refused, so that it moves', () => {
    const address = dora()
    const changed = {
      ...lab,
      reservations: new Map([[mac('52:54:00:00:00:01'), ip('10.40.0.30')]]),
    }
    const nak = replyTo(message('request', { ciaddr: address }), undefined, changed)
    expect(typeOf(nak)).toBe('nak')
  })

  test('RELEASE frees the address and remembers whose it was', () => {
    const address = dora()
    const effects = hear(message('release', { ciaddr: address, serverId: '10.40.0.1' }))
    expect(effects.map(({ type }) => type)).toEqual(['persist', 'note'])
    expect(leases.active(now)).toEqual([])
    for (let index = 0; index < 9; index++) dora({ mac: `52:54:00:00:03:0${index}` })
    expect(dora()).toBe(address)
  })

  test.for([
    ['of another machine', { mac: '52:54:00:00:00:02' }],
    ['that names another server', { serverId: '10.40.0.2' }],
    ['of another address', { ciaddr: '10.40.0.108' }],
  ] as const)('a RELEASE %s is ignored', ([, change]) => {
    const address = dora({ requested: '10.40.0.101' })
    hear(message('release', { ciaddr: address, serverId: '10.40.0.1', ...change }))
    expect(leases.active(now)).toHaveLength(1)
  })

  test('a declined address rests for ten minutes, also across a restart', () => {
    const address = dora()
    const decline = message('decline', { requested: address, serverId: '10.40.0.1' })
    const [persist] = hear(decline)
    expect(persist).toMatchObject({ type: 'persist', lease: { state: 'declined' } })
    if (persist?.type === 'persist') leases = new LeaseTable([persist.lease])
    const wished = { requested: address }
    expect(formatIpv4(replyTo(message('discover', wished)).yourAddress)).not.toBe(address)
    now += quarantineMilliseconds
    const other = message('discover', { ...wished, mac: '52:54:00:00:00:02' })
    expect(formatIpv4(replyTo(other).yourAddress)).toBe(address)
  })

  test.for([
    ['without a server id', { serverId: undefined }],
    ['without an address', { requested: undefined }],
    ['of another machine', { mac: '52:54:00:00:00:02' }],
  ] as const)('a DECLINE %s is ignored', ([, change]) => {
    const address = dora()
    const wish: Record<string, unknown> = { requested: address, serverId: '10.40.0.1', ...change }
    expect(hear(message('decline', wish as Wish)).map(({ type }) => type)).toEqual(['note'])
    expect(leases.active(now)).toHaveLength(1)
  })

  test('INFORM is told everything but an address and a lease time', () => {
    const ack = replyTo(message('inform', { ciaddr: '10.40.0.77' }))
    expect([typeOf(ack), ack.yourAddress]).toEqual(['ack', 0])
    expect(formatIpv4(ack.clientAddress)).toBe('10.40.0.77')
    expect(ack.options.get(dhcpOption.routers)).toEqual([lab.gateway])
    for (const option of [
      dhcpOption.leaseSeconds,
      dhcpOption.renewalSeconds,
      dhcpOption.rebindingSeconds,
    ]) {
      expect(ack.options.has(option)).toBe(false)
    }
  })

  test('INFORM without an address, through a relay, is answered by a broadcast there', () => {
    expect(replyTo(message('inform', { giaddr: '10.40.0.254' })).broadcast).toBe(true)
    expect(
      replyTo(message('inform', { giaddr: '10.40.0.254', ciaddr: '10.40.0.7' })),
    ).toMatchObject({ broadcast: false })
  })
})

describe('what goes back as it came', () => {
  test('client id, machine id, and the fields', () => {
    const request = captured('ipxe-efi-discover')
    const offer = replyTo(request)
    expect(offer).toMatchObject({ xid: request.xid, hardware: request.hardware, hops: 0, secs: 0 })
    expect(offer.options.octets(61)).toEqual(request.options.octets(61))
    expect(offer.options.octets(97)).toEqual(request.options.octets(97))
  })

  test('option 82 of a relay, last and unchanged; from others it is not taken', () => {
    const relayAgent = hex('0104 61626364 0202 0001')
    const relayed = withOption(
      message('discover', { giaddr: '10.40.0.250' }),
      dhcpOption.relayAgent,
      relayAgent,
    )
    const offer = replyTo(relayed)
    expect(offer.options.octets(82)).toEqual(relayAgent)
    expect(formatIpv4(offer.relayAddress)).toBe('10.40.0.250')
    const local = withOption(message('discover'), dhcpOption.relayAgent, relayAgent)
    expect(replyTo(local).options.octets(82)).toBeUndefined()
  })

  test('option 118 where it was heeded, and only there', () => {
    const { subnetSelection } = dhcpOption
    const [local, relayed] = [{}, { giaddr: '10.40.0.250' }].map((wish) =>
      withOption(message('discover', wish), subnetSelection, ip('10.40.0.0')),
    )
    expect(replyTo(relayed!).options.get(subnetSelection)).toBe(ip('10.40.0.0'))
    expect(replyTo(local!).options.has(subnetSelection)).toBe(false)
    const overruled = withOption(relayed!, dhcpOption.relayAgent, hex('05040a280000'))
    expect(replyTo(overruled).options.has(subnetSelection)).toBe(false)
  })

  test('a NAK to a relay is to be broadcast by it', () => {
    const request = message('request', { giaddr: '10.40.0.250', requested: '10.9.9.9' })
    expect(replyTo(request).broadcast).toBe(true)
    const local = message('request', { requested: '10.9.9.9' })
    expect(replyTo(local).broadcast).toBe(false)
  })
})

describe('what firmware makes of a full offer', () => {
  test.for(['edk2-x64-pxe-discover', 'intel-discover'])('%s loads the file at once', (name) => {
    const offer = replyTo(captured(name), uefiBoot)
    expect(edk2Classify(offer)).toBe('DhcpPxe10')
    expect(edk2Choose([offer])).not.toHaveProperty('asks4011')
    expect(offer.options.get(dhcpOption.vendorClass)).toBe('PXEClient')
    expect(offer.options.get(dhcpOption.bootFileName)).toBe('snponly.efi')
    expect([offer.bootFile, offer.nextServer]).toEqual(['snponly.efi', server])
    expect(offer.options.get(dhcpOption.tftpServerName)).toBe('10.40.0.1')
  })

  test('iPXE requests at once and takes the URL', () => {
    const offer = replyTo(captured('ipxe-bios-discover'), ipxeBoot)
    expect(ipxeChoose([offer])).toEqual({
      atOnce: true,
      bootFile: ipxeBoot.bootFile,
      nextServer: server,
      asks4011: false,
    })
  })

  test('UEFI HTTP boot gets its class back and the URL', () => {
    const offer = replyTo(captured('edk2-x64-http-discover'), httpBoot)
    expect(edk2HttpUrl([offer])).toBe(httpBoot.bootFile)
    expect(offer.options.has(dhcpOption.vendorSpecific)).toBe(false)
  })

  test('pxelinux gets its options though nobody asked for them', () => {
    const { options } = replyTo(captured('intel-discover'), biosBoot)
    expect(options.get(dhcpOption.pxelinuxPathPrefix)).toBe('http://10.40.0.1/')
    expect(options.get(dhcpOption.pxelinuxMagic)).toEqual(hex('f100747e'))
    expect(options.has(dhcpOption.pxelinuxConfigFile)).toBe(false)
  })

  test('nothing to boot: no class, no file, so that firmware goes on to its disk', () => {
    const offer = replyTo(captured('edk2-x64-pxe-discover'))
    expect(edk2Classify(offer)).toBe('DhcpOnly')
    expect(edk2Choose([offer])).toBeUndefined()
  })

  test('a name that is too long for the field stands in the option alone', () => {
    const bootFile = `http://10.40.0.1/${'x'.repeat(150)}`
    const offer = replyTo(captured('ipxe-bios-discover'), { ...ipxeBoot, bootFile })
    expect(offer.bootFile).toBe('')
    expect(offer.options.get(dhcpOption.bootFileName)).toBe(bootFile)
  })

  test('an operating system sees no PXE', () => {
    const offer = replyTo(captured('udhcpc-discover'), { ...biosBoot, kind: 'plain' })
    expect(offer.options.has(dhcpOption.vendorClass)).toBe(false)
    expect(offer.bootFile).toBe('lpxelinux.0')
  })
})

describe('laws', () => {
  const types = Object.keys(messageTypes) as MessageType[]
  const anyWish = fc.record(
    {
      mac: fc.constantFrom('52:54:00:00:00:01', '52:54:00:00:00:02', '52:54:00:00:00:99'),
      requested: fc.constantFrom('10.40.0.101', '10.40.0.102', '10.40.0.20', '10.9.0.1'),
      ciaddr: fc.constantFrom('0.0.0.0', '10.40.0.101', '10.40.0.102'),
      serverId: fc.constantFrom('10.40.0.1', '10.40.0.2'),
    },
    { requiredKeys: ['mac'] },
  )

  test('however requests come, no address is bound to two machines or outside the rules', () => {
    const step = fc.tuple(fc.constantFrom(...types), anyWish, fc.integer({ min: 0, max: 4e6 }))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        leases = new LeaseTable()
        const promised = new Map<number, { key: string; until: number }>()
        for (const [type, wish, wait] of steps) {
          now += wait
          const request = message(type, wish)
          const effects = hear(request)
          for (const effect of effects) {
            if (effect.type !== 'persist') continue
            const { address, key, state, expires } = effect.lease
            const other = promised.get(address)
            if (state === 'bound' && other !== undefined && other.until > now) {
              expect(other.key).toBe(key)
            }
            if (state === 'bound') promised.set(address, { key, until: expires })
            else promised.delete(address)
          }
          for (const effect of effects) {
            if (effect.type !== 'reply') continue
            const given = formatIpv4(effect.message.yourAddress)
            expect(given).toMatch(/^(0\.0\.0\.0|10\.40\.0\.(20|10\d))$/)
            if (given === '10.40.0.20') expect(wish.mac).toBe('52:54:00:00:00:99')
          }
        }
      }),
      { seed: 3, numRuns: 300 },
    )
  })
})
