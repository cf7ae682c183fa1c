import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyAddress, formatIpv4, ipv4, macFromOctets } from '../../../src/core/address.ts'
import { ProtocolError } from '../../../src/core/errors.ts'
import {
  decodeDhcp,
  type DhcpMessage,
  encodeDhcp,
  payloadLimit,
} from '../../../src/wire/dhcp/dhcp-message.ts'
import { dhcpOption, OptionSet } from '../../../src/wire/dhcp/dhcp-options.ts'
import { dhcpFixture, dhcpFixtures } from '../../support/dhcp-fixture.ts'
import { hex } from '../../support/hex.ts'

const request: DhcpMessage = {
  operation: 'request',
  hardware: { type: 1, length: 6, octets: hex('525400aa0011 00000000000000000000') },
  hops: 0,
  xid: 0x624812eb,
  secs: 0,
  broadcast: true,
  clientAddress: anyAddress,
  yourAddress: anyAddress,
  nextServer: anyAddress,
  relayAddress: anyAddress,
  serverName: '',
  bootFile: '',
  options: new OptionSet(),
}

function reply(options: OptionSet, fields: Partial<DhcpMessage> = {}): DhcpMessage {
  return { ...request, operation: 'reply', options, ...fields }
}

/** A request whose options area is just these digits. */
function withOptions(digits: string, fields: { sname?: string; file?: string } = {}): Uint8Array {
  const octets = encodeDhcp(request).slice(0, 240)
  octets.set(hex(fields.sname ?? ''), 44)
  octets.set(hex(fields.file ?? ''), 108)
  return Uint8Array.from([...octets, ...hex(digits)])
}

function optionsOf(octets: Uint8Array): number[] {
  return [...decodeDhcp(octets).options.codes()]
}

describe('what real firmware sends', () => {
  test('EDK2 DISCOVER', () => {
    const message = decodeDhcp(dhcpFixture('edk2-x64-pxe-discover'))
    expect(macFromOctets(message.hardware.octets)).toBe('52:54:00:aa:00:11')
    expect(message).toMatchObject({ operation: 'request', broadcast: true, secs: 0, hops: 0 })
    expect(message.options.codes()).toEqual([53, 57, 55, 97, 94, 93, 60])
    expect(message.options.get(dhcpOption.messageType)).toBe('discover')
    expect(message.options.get(dhcpOption.architectures)).toEqual([7])
    expect(message.options.get(dhcpOption.vendorClass)).toBe('PXEClient:Arch:00007:UNDI:003000')
    expect(message.options.get(dhcpOption.parameterList)).toHaveLength(35)
  })

  test('iPXE on port 4011 says nothing but PXEClient, and two ENDs', () => {
    const message = decodeDhcp(dhcpFixture('ipxe-bios-4011-request'))
    expect(message.options.get(dhcpOption.vendorClass)).toBe('PXEClient')
    expect(formatIpv4(message.clientAddress)).toBe('10.40.0.150')
    expect(message.options.octets(43)).toEqual(hex('4704 80000000 ff'))
  })

  test('Pixiecore puts the name in the field', () => {
    const message = decodeDhcp(dhcpFixture('pixiecore-4011-ack'))
    expect(message).toMatchObject({ operation: 'reply', bootFile: 'boot', serverName: '' })
    expect(message.options.get(dhcpOption.pxelinuxRebootSeconds)).toBe(5)
  })

  test.for(dhcpFixtures)('%s survives a round trip', (name) => {
    const message = decodeDhcp(dhcpFixture(name))
    const again = decodeDhcp(encodeDhcp(message, { limit: 1472 }))
    expect(comparable(again)).toEqual(comparable(message))
  })

  test.for(dhcpFixtures)('%s cut at any octet is decoded or refused, nothing else', (name) => {
    const octets = dhcpFixture(name)
    for (let length = 0; length < octets.length; length++) {
      const cut = octets.subarray(0, length)
      if (length < 240) expect(() => decodeDhcp(cut)).toThrow(ProtocolError)
      else decodesOrRefuses(cut)
    }
  })
})

/** Options without their order, which the encoder chooses. */
function comparable(message: DhcpMessage) {
  const options = message.options.codes().map((code) => [code, message.options.octets(code)])
  return { ...message, options: Object.fromEntries(options) }
}

function decodesOrRefuses(octets: Uint8Array): void {
  try {
    decodeDhcp(octets)
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError)
  }
}

describe('reading is forgiving', () => {
  test('PAD may stand anywhere', () => {
    expect(optionsOf(withOptions('00 350101 00 00 0c0161 00 ff'))).toEqual([53, 12])
  })

  test('END may be missing', () => {
    expect(optionsOf(withOptions('350101'))).toEqual([53])
  })

  test('what follows END is padding', () => {
    expect(optionsOf(withOptions('350101 ff 0c05'))).toEqual([53])
  })

  test('no options at all', () => {
    expect(optionsOf(withOptions(''))).toEqual([])
  })

  test('an option in parts is one option, across all three areas (RFC 3396)', () => {
    const octets = withOptions('340103 430161 430162 ff', {
      file: '430163 ff',
      sname: '430164 ff',
    })
    expect(decodeDhcp(octets).options.get(dhcpOption.bootFileName)).toBe('abcd')
  })

  test('twenty thousand parts are put together in one go', () => {
    const parts = Array.from({ length: 20_000 }, (_, index) => (index % 256).toString(16))
    const whole = parts.map((part) => part.padStart(2, '0'))
    const octets = withOptions(`${whole.map((part) => `4d01${part}`).join('')} ff`)
    const before = process.memoryUsage().arrayBuffers
    const { options } = decodeDhcp(octets)
    expect(options.octets(77)).toEqual(hex(whole.join('')))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10e6)
  })

  test.for([
    { overload: '01', codes: [12], file: '', sname: 'x' },
    { overload: '02', codes: [15], file: 'y', sname: '' },
    { overload: '03', codes: [12, 15], file: '', sname: '' },
    { overload: '00', codes: [], file: '\f\u0001a', sname: '\u000f\u0001b' },
  ])('overload $overload', ({ overload, codes, file, sname }) => {
    const octets = withOptions(`3401${overload} ff`, {
      file: file === 'y' ? '79' : '0c0161',
      sname: sname === 'x' ? '78' : '0f0162',
    })
    const message = decodeDhcp(octets)
    expect(message.options.codes()).toEqual(codes)
    expect(message).toMatchObject({ bootFile: file.replace('\f', '\f'), serverName: sname })
  })

  test.for([0, 1, 6, 16, 255])('a hardware length of %i', (length) => {
    const octets = withOptions('350101ff')
    octets[2] = length
    expect(decodeDhcp(octets).hardware.length).toBe(length)
  })

  test.for([
    ['a length past the end', '3502 01'],
    ['a code without a length', '350101 0c'],
    ['a length past the end behind padding', '00000c05 61'],
  ] as const)('%s is refused', ([, digits]) => {
    expect(() => decodeDhcp(withOptions(digits))).toThrow(ProtocolError)
  })

  test('an option that runs past `file` is refused', () => {
    const file = `0cff${'61'.repeat(120)}`
    expect(() => decodeDhcp(withOptions('340101 ff', { file }))).toThrow(/^file: option 12/)
  })

  test('another magic cookie is not DHCP', () => {
    const octets = withOptions('350101ff')
    octets[236] = 0
    expect(() => decodeDhcp(octets)).toThrow('magic cookie: not 63825363')
  })

  test('an operation that does not exist', () => {
    const octets = withOptions('350101ff')
    octets[0] = 3
    expect(() => decodeDhcp(octets)).toThrow('op: 3')
  })

  test.for([
    [dhcpOption.serverId, '3603010203'],
    [dhcpOption.leaseSeconds, '3300'],
    [dhcpOption.messageType, '350163'],
    [dhcpOption.architectures, '5d03000700'],
    [dhcpOption.routers, '0300'],
  ] as const)('a broken value counts as absent and is kept as octets (%#)', ([row, digits]) => {
    const { options } = decodeDhcp(withOptions(`${digits} 0c0161`))
    expect(row.decode(options.octets(row.code)!)).toBeUndefined()
    expect(options.codes()).toContain(row.code)
    expect(options.get(dhcpOption.hostName)).toBe('a')
  })

  test('random octets are decoded or refused, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), (noise) => {
        decodesOrRefuses(noise)
        decodesOrRefuses(Uint8Array.from([...encodeDhcp(request).slice(0, 240), ...noise]))
      }),
      { seed: 7 },
    )
  })
})

describe('writing is careful', () => {
  test('53 and 54 first, then the order asked for, 82 last, END, padding to 300', () => {
    const options = new OptionSet()
      .set(dhcpOption.relayAgent, hex('0102abcd'))
      .set(dhcpOption.routers, [ipv4(0x0a280001)])
      .set(dhcpOption.hostName, 'a')
      .set(dhcpOption.subnetMask, ipv4(0xffffff00))
      .set(dhcpOption.serverId, ipv4(0x0a280001))
      .set(dhcpOption.messageType, 'offer')
    const octets = encodeDhcp(reply(options), { order: [0, 12, 255, 3] })
    expect(octets.subarray(236, 276)).toEqual(
      hex(
        '63825363 350102 36040a280001 0c0161 03040a280001 0104ffffff00 52040102abcd ff 0000000000',
      ),
    )
    expect(octets).toHaveLength(300)
  })

  test('boot file names end with a NUL', () => {
    const options = new OptionSet().set(dhcpOption.bootFileName, 'a.efi')
    expect(options.octets(67)).toEqual(hex('612e656669 00'))
  })

  test('more than 255 octets go out in parts', () => {
    const value = Uint8Array.from({ length: 300 }, (_, index) => index % 251)
    const octets = encodeDhcp(reply(new OptionSet([[224, value]])), { limit: 1400 })
    expect(octets.subarray(240, 242)).toEqual(hex('e0ff'))
    expect(octets.subarray(497, 499)).toEqual(hex('e02d'))
    expect(decodeDhcp(octets).options.octets(224)).toEqual(value)
  })

  test('what does not fit goes to the free fields, and comes back whole', () => {
    const options = new OptionSet()
      .set(dhcpOption.messageType, 'ack')
      .set(dhcpOption.rootPath, 'r'.repeat(200))
      .set(dhcpOption.domainSearch, new Uint8Array(90).fill(1))
      .set(dhcpOption.domainName, 'd'.repeat(100))
      .set(dhcpOption.hostName, 'h'.repeat(50))
    const octets = encodeDhcp(reply(options), { order: [] })
    expect(octets.length).toBeLessThanOrEqual(548)
    expect(comparable(decodeDhcp(octets)).options).toEqual(comparable(reply(options)).options)
  })

  test('a client without a parameter list never gets options in the fields', () => {
    const options = new OptionSet()
      .set(dhcpOption.rootPath, 'r'.repeat(250))
      .set(dhcpOption.domainName, 'd'.repeat(100))
    const octets = encodeDhcp(reply(options))
    expect(octets.subarray(44, 236).every((octet) => octet === 0)).toBe(true)
    expect(optionsOf(octets)).toEqual([17])
  })

  test('the lease time goes before what is long, though nobody asked for it', () => {
    const options = new OptionSet()
      .set(dhcpOption.messageType, 'ack')
      .set(dhcpOption.rootPath, 'r'.repeat(250))
      .set(dhcpOption.domainName, 'd'.repeat(250))
      .set(dhcpOption.leaseSeconds, 3600)
    const octets = encodeDhcp(reply(options), { order: [17, 15] })
    expect(decodeDhcp(octets).options.get(dhcpOption.leaseSeconds)).toBe(3600)
  })

  test('82 is never left out for want of room', () => {
    const options = new OptionSet()
      .set(dhcpOption.rootPath, 'r'.repeat(255))
      .set(dhcpOption.relayAgent, new Uint8Array(100).fill(9))
    expect(optionsOf(encodeDhcp(reply(options, { bootFile: 'f', serverName: 's' })))).toEqual([82])
  })

  test('fields that are too long are a fault of ours', () => {
    expect(() => encodeDhcp(reply(new OptionSet(), { bootFile: 'x'.repeat(128) }))).toThrow(
      RangeError,
    )
  })

  test.for([
    [undefined, 548],
    [0, 548],
    [576, 548],
    [1260, 1232],
    [1472, 1444],
    [65280, 1444],
  ] as const)('a client that states %s takes %i octets of payload', ([stated, limit]) => {
    expect(payloadLimit(stated)).toBe(limit)
  })

  test('any set of options round-trips within the limit', () => {
    const anyOption = fc.tuple(fc.integer({ min: 1, max: 254 }), fc.uint8Array({ maxLength: 400 }))
    fc.assert(
      fc.property(fc.array(anyOption, { maxLength: 6 }), fc.boolean(), (pairs, listed) => {
        const options = new OptionSet(pairs.filter(([code]) => code !== 52))
        const octets = encodeDhcp(reply(options), {
          limit: 1444,
          ...(listed ? { order: [1, 2, 3] } : {}),
        })
        expect(octets.length).toBeGreaterThanOrEqual(300)
        expect(octets.length).toBeLessThanOrEqual(1444)
        const back = decodeDhcp(octets).options
        for (const code of back.codes()) expect(back.octets(code)).toEqual(options.octets(code))
      }),
      { seed: 11 },
    )
  })
})
