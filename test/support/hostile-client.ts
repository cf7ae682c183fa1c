/**
 * A machine that means harm, for tests inside a namespace: broken, invented and endless DHCP and
 * TFTP packets at one server for a while, the same ones for the same seed. Its arguments: the
 * server's address, seconds, seed. Says at the end how many it sent, how many DHCP answers it heard, and
 * every address that was given in them.
 */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { formatIpv4 } from '../../src/core/address.ts'
import { decodeDhcp } from '../../src/wire/dhcp/dhcp-message.ts'
import { dhcpFixture, dhcpFixtures } from './dhcp-fixture.ts'

const [server = '', seconds = '1', seed = '1'] = process.argv.slice(2)
const given = new Set<string>()
let state = Number(seed)
let sent = 0
let heard = 0

/** 0 to `below` - 1; xorshift32. */
function random(below: number): number {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) % below
}

function oneOf<T>(items: readonly T[]): T {
  return items[random(items.length)]!
}

function noise(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, () => random(256)))
}

const captured = dhcpFixtures.map((name) => Buffer.from(dhcpFixture(name)))

/** A captured packet of an invented machine, with something wrong in it. */
function dhcp(): Buffer {
  const packet = Buffer.from(oneOf(captured))
  Buffer.concat([Buffer.of(2), noise(5)]).copy(packet, 28)
  return oneOf([dhcpNoise, dhcpCut, dhcpWish, dhcpParts])(packet)
}

function dhcpNoise(packet: Buffer): Buffer {
  for (let count = random(12); count > 0; count--) packet[random(packet.length)] = random(256)
  return packet
}

function dhcpCut(packet: Buffer): Buffer {
  return Buffer.concat([packet.subarray(0, random(packet.length)), noise(random(40))])
}

/** Any message type, any address, relayed by anybody, with a host name that steers terminals. */
function dhcpWish(packet: Buffer): Buffer {
  const address = Buffer.concat([noise(3), Buffer.of(1 + random(254))])
  const near = Buffer.concat([packedServer().subarray(0, 3), Buffer.of(random(256))])
  const wished = oneOf([near, near, near, address])
  if (random(3) === 0) wished.copy(packet, 12)
  if (random(5) === 0) oneOf([near, address]).copy(packet, 24)
  const options = [
    Buffer.of(53, 1, random(10), 50, 4),
    wished,
    Buffer.of(54, 4),
    oneOf([packedServer(), packedServer(), address]),
    Buffer.from('\f\n\x1b[2J\r\n\x07x\u009b', 'latin1'),
    random(5) === 0 ? Buffer.concat([Buffer.of(82, 255), noise(255)]) : Buffer.alloc(0),
  ]
  return Buffer.concat([packet.subarray(0, 240), ...options, Buffer.of(255)])
}

function dhcpParts(packet: Buffer): Buffer {
  return Buffer.concat([packet.subarray(0, 240), ...Array(random(400)).fill(Buffer.of(77, 1, 7))])
}

function packedServer(): Buffer {
  return Buffer.from(server.split('.').map(Number))
}

const names = [
  'hello',
  '../../../etc/passwd',
  '..\\..\\secret',
  '\x1b]0;owned\x07',
  `${'n'.repeat(200)}/x`,
  'x'.repeat(9000),
  'pxelinux.cfg/default',
  'menu.ipxe',
  '/'.repeat(300),
]

function tftp(): Buffer {
  if (random(4) === 0) return noise(random(40))
  const options = Array.from(
    { length: random(5) },
    () =>
      `${oneOf(['blksize', 'windowsize', 'tsize', 'timeout', 'q'])}\0${oneOf([
        '0',
        '8',
        '64',
        '255',
        '65464',
        '-1',
        '9'.repeat(30),
        '',
      ])}\0`,
  ).join('')
  const name = random(3) === 0 ? noise(random(50)).toString('latin1') : oneOf(names)
  const text = `${name}\0${oneOf(['octet', 'netascii', 'mail'])}\0${options}`
  return Buffer.concat([Buffer.of(0, oneOf([1, 1, 1, 2])), Buffer.from(text, 'latin1')])
}

async function socketOn(port: number): Promise<Socket> {
  const socket = createSocket('udp4').on('error', () => undefined)
  socket.bind(port)
  await once(socket, 'listening')
  return socket
}

function send(from: Socket, packet: Buffer, port: number): void {
  from.send(packet, port, server, () => undefined)
  sent += 1
}

/** Goes along with a transfer for a while, and says nonsense on the way. */
function play(from: Socket, packet: Buffer, port: number): void {
  const isData = packet[1] === 3
  if (random(3) === 0) send(from, noise(random(30)), port)
  else if (isData) send(from, Buffer.concat([Buffer.of(0, 4), packet.subarray(2, 4)]), port)
  else if (packet[1] === 6) send(from, Buffer.of(0, 4, 0, 0), port)
}

const asking = await socketOn(68)
asking.on('message', (octets) => {
  heard += 1
  const { yourAddress } = decodeDhcp(octets)
  if (yourAddress !== 0) given.add(formatIpv4(yourAddress))
})
asking.setBroadcast(true)
const readers = await Promise.all(Array.from({ length: 100 }, () => socketOn(0)))
for (const reader of readers) {
  reader.on('message', (octets, { port }) => play(reader, octets, port))
}
const end = performance.now() + Number(seconds) * 1000
while (performance.now() < end) {
  for (let count = 0; count < 10; count++) {
    send(asking, dhcp(), oneOf([67, 67, 67, 4011]))
    send(oneOf(readers), tftp(), 69)
  }
  await turn()
}
process.stdout.write(`${JSON.stringify({ sent, heard, given: [...given] })}\n`)
process.exit()
