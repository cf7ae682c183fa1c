import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatIpv4 } from '../../../src/core/address.ts'
import type { BootReply } from '../../../src/protocol/dhcp/boot-reply.ts'
import type { DhcpEffect } from '../../../src/protocol/dhcp/effect.ts'
import { respondBootServer, respondProxy } from '../../../src/protocol/dhcp/proxy.ts'
import { LeaseTable } from '../../../src/protocol/dhcp/lease-table.ts'
import { respond } from '../../../src/protocol/dhcp/respond.ts'
import type { DhcpMessage } from '../../../src/wire/dhcp/dhcp-message.ts'
import { dhcpOption, messageTypes, type MessageType } from '../../../src/wire/dhcp/dhcp-options.ts'
import {
  biosBoot,
  captured,
  httpBoot,
  ip,
  ipxeBoot,
  lab,
  message,
  server,
  uefiBoot,
  withOption,
} from '../../support/dhcp-messages.ts'
import { edk2Choose, edk2Classify, edk2HttpUrl, ipxeChoose } from '../../support/firmware-models.ts'
import { hex } from '../../support/hex.ts'

const leaseOptions = [
  dhcpOption.leaseSeconds,
  dhcpOption.renewalSeconds,
  dhcpOption.rebindingSeconds,
  dhcpOption.subnetMask,
  dhcpOption.routers,
  dhcpOption.dnsServers,
  dhcpOption.broadcastAddress,
]

function replies(effects: readonly DhcpEffect[]): DhcpMessage[] {
  return effects.flatMap((effect) => (effect.type === 'reply' ? [effect.message] : []))
}

function offerTo(request: DhcpMessage, boot: BootReply): DhcpMessage {
  const [offer] = replies(respondProxy(request, { server, boot }))
  expect(offer).toBeDefined()
  return offer!
}

function ackTo(request: DhcpMessage, boot: BootReply): DhcpMessage {
  const [ack] = replies(respondBootServer(request, { server, boot }))
  expect(ack?.options.get(dhcpOption.messageType)).toBe('ack')
  return ack!
}

/** What the other server gives: an address, and nothing to boot. */
function plainOffer(request: DhcpMessage): DhcpMessage {
  const context = { leases: new LeaseTable(), subnet: lab, own: new Set([ip('10.40.0.2')]) }
  const other = respond(request, { ...context, server: ip('10.40.0.2'), boot: undefined }, 0)
  return replies(other)[0]!
}

const reasonOf = (effects: readonly DhcpEffect[]) =>
  effects[0]?.type === 'note' ? effects[0].outcome.reason : undefined

describe('port 67', () => {
  test('the fields of an OFFER', () => {
    const request = captured('intel-discover')
    const offer = offerTo(request, biosBoot)
    expect(offer).toMatchObject({
      operation: 'reply',
      xid: request.xid,
      hardware: request.hardware,
      yourAddress: 0,
      clientAddress: 0,
      nextServer: server,
      broadcast: true,
      bootFile: 'lpxelinux.0',
    })
    expect(offer.options.get(dhcpOption.messageType)).toBe('offer')
    expect(offer.options.get(dhcpOption.serverId)).toBe(server)
    expect(offer.options.get(dhcpOption.vendorClass)).toBe('PXEClient')
    expect(offer.options.octets(97)).toEqual(request.options.octets(97))
  })

  test('a BIOS ROM is told to load the file at once', () => {
    const offer = offerTo(captured('intel-discover'), biosBoot)
    expect(offer.options.get(dhcpOption.vendorSpecific)).toEqual(hex('060108ff'))
  })

  test('EDK2 takes the address from the other server and asks us on port 4011', () => {
    const request = captured('edk2-x64-pxe-discover')
    const offer = offerTo(request, uefiBoot)
    expect(edk2Classify(offer)).toBe('ProxyBinl')
    const choice = edk2Choose([plainOffer(request), offer])
    expect(formatIpv4(choice!.asks4011!)).toBe('10.40.0.1')
    expect(offer.options.has(dhcpOption.vendorSpecific)).toBe(false)
  })

  test.for(['ipxe-bios-discover', 'ipxe-efi-discover'])('%s needs no second look', (name) => {
    const request = captured(name)
    const choice = ipxeChoose([plainOffer(request), offerTo(request, ipxeBoot)])
    expect(choice).toEqual({
      atOnce: true,
      bootFile: ipxeBoot.bootFile,
      nextServer: server,
      asks4011: false,
    })
  })

  test('no-pxedhcp is not said beside another server', () => {
    expect(offerTo(captured('ipxe-bios-discover'), ipxeBoot).options.octets(175)).toBeUndefined()
  })

  test('UEFI HTTP boot gets the URL and its own class', () => {
    const request = captured('edk2-x64-http-discover')
    const offer = offerTo(request, httpBoot)
    expect(edk2HttpUrl([plainOffer(request), offer])).toBe(httpBoot.bootFile)
    expect(offer.options.get(dhcpOption.vendorClass)).toBe('HTTPClient')
  })

  test('a REQUEST is for the server that gave the address', () => {
    const effects = respondProxy(captured('edk2-x64-pxe-request'), { server, boot: uefiBoot })
    expect(reasonOf(effects)).toBe('for the server that gives the address')
  })

  test('even a REQUEST that names us gets nothing', () => {
    const request = message('request', {
      serverId: '10.40.0.1',
      requested: '10.40.0.5',
      vendorClass: 'PXEClient',
    })
    expect(replies(respondProxy(request, { server, boot: uefiBoot }))).toEqual([])
  })

  test('INFORM of a PXE client is answered, of others not', () => {
    const inform = message('inform', { ciaddr: '10.40.0.77', vendorClass: 'PXEClient' })
    const [ack] = replies(respondProxy(inform, { server, boot: biosBoot }))
    expect(ack).toMatchObject({ yourAddress: 0, clientAddress: ip('10.40.0.77') })
    const other = message('inform', { ciaddr: '10.40.0.77' })
    expect(reasonOf(respondProxy(other, { server, boot: biosBoot }))).toBe(
      'not a network boot client',
    )
  })

  test('a relayed DISCOVER goes back with giaddr and option 82', () => {
    const request = withOption(
      { ...captured('intel-discover'), relayAddress: ip('10.50.0.1') },
      dhcpOption.relayAgent,
      hex('0102abcd'),
    )
    const offer = offerTo(request, biosBoot)
    expect(formatIpv4(offer.relayAddress)).toBe('10.50.0.1')
    expect(offer.options.octets(82)).toEqual(hex('0102abcd'))
  })

  test.for([
    ['an operating system', captured('udhcpc-discover'), biosBoot, 'not a network boot client'],
    ['a machine without a choice', captured('intel-discover'), undefined, /nothing to boot/],
    ['a reply', captured('pixiecore-proxy-offer'), biosBoot, 'a reply, not a request'],
  ] as const)('%s gets nothing', ([, request, boot, reason]) => {
    expect(reasonOf(respondProxy(request, { server, boot }))).toMatch(reason)
  })
})

describe('port 4011', () => {
  test('EDK2 gets the file in the ACK, `ciaddr` kept', () => {
    const request = captured('edk2-x64-4011-request')
    const ack = ackTo(request, uefiBoot)
    expect(ack).toMatchObject({
      xid: request.xid,
      yourAddress: 0,
      clientAddress: request.clientAddress,
      nextServer: server,
      bootFile: 'snponly.efi',
    })
    expect(ack.options.get(dhcpOption.bootFileName)).toBe('snponly.efi')
    expect(ack.options.get(dhcpOption.serverId)).toBe(server)
    expect(ack.options.get(dhcpOption.vendorClass)).toBe('PXEClient')
  })

  test('the boot item that iPXE asks for is named again', () => {
    const ack = ackTo(captured('ipxe-bios-4011-request'), ipxeBoot)
    expect(ack.options.get(dhcpOption.vendorSpecific)).toEqual(hex('4704 80000000 ff'))
    expect(ack.yourAddress).toBe(0)
  })

  test.for([
    [
      'credentials',
      withOption(
        captured('edk2-x64-4011-request'),
        dhcpOption.vendorSpecific,
        hex('470400018000ff'),
      ),
    ],
    ['a DISCOVER', captured('edk2-x64-pxe-discover')],
    ['no message type', { ...message('request'), options: captured('udhcpc-discover').options }],
    ['a reply', captured('pixiecore-4011-ack')],
  ] as const)('%s: silence', ([, request]) => {
    expect(replies(respondBootServer(request, { server, boot: uefiBoot }))).toEqual([])
  })

  test('nothing to boot: silence', () => {
    const request = captured('edk2-x64-4011-request')
    expect(reasonOf(respondBootServer(request, { server, boot: undefined }))).toMatch(/nothing/)
  })
})

test('whatever comes in, no answer of a proxy gives an address', () => {
  const anyMessage = fc.record({
    type: fc.constantFrom(...(Object.keys(messageTypes) as MessageType[])),
    requested: fc.constantFrom('10.40.0.101', '10.40.0.1'),
    ciaddr: fc.constantFrom('0.0.0.0', '10.40.0.101'),
    serverId: fc.constantFrom('10.40.0.1', '10.40.0.2'),
    vendorClass: fc.constantFrom('PXEClient', 'HTTPClient:Arch:00016', 'udhcp'),
    giaddr: fc.constantFrom('0.0.0.0', '10.40.0.250'),
  })
  fc.assert(
    fc.property(
      anyMessage,
      fc.constantFrom(biosBoot, uefiBoot, ipxeBoot, httpBoot),
      fc.constantFrom(respondProxy, respondBootServer),
      ({ type, ...wish }, boot, rule) => {
        for (const effect of rule(message(type, wish), { server, boot })) {
          expect(effect.type).not.toBe('persist')
          if (effect.type !== 'reply') continue
          expect(effect.message.yourAddress).toBe(0)
          for (const option of leaseOptions) {
            expect(effect.message.options.has(option)).toBe(false)
          }
        }
      },
    ),
    { seed: 5, numRuns: 500 },
  )
})
