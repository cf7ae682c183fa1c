import { mkdtemp, rm } from 'node:fs/promises'
import { type Server, type Socket, createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SerialConsole } from '../../src/lab/console.ts'

let directory: string
let server: Server
let machine: Socket
let serial: SerialConsole
let now = 1000

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bootlace-console-'))
  server = createServer().listen(join(directory, 'serial'))
  const connected = once(server, 'connection')
  serial = await SerialConsole.open(join(directory, 'serial'), () => now)
  ;[machine] = (await connected) as [Socket]
})

afterEach(async () => {
  serial[Symbol.dispose]()
  machine.destroy()
  server.close()
  await rm(directory, { recursive: true })
})

function soon(): AbortSignal {
  return AbortSignal.timeout(2000)
}

async function written(octets: string): Promise<void> {
  machine.write(Buffer.from(octets, 'latin1'))
  await serial.waitFor(/END$/, soon())
}

test('what firmware paints reads as text', async () => {
  await written('\u001b[2J\u001b[01;01H\u001b[0;37mBootlace lab\u001b[03;05HTiny\u001b[1mVM\r\nEND')
  expect(serial.text).toBe('\nBootlace lab\nTinyVM\nEND')
})

test('a control sequence may be cut anywhere', async () => {
  const whole = 'a\u001b[01;31mb\u001b(Bc\u001b[12;40Hd'
  for (const octet of whole) {
    machine.write(Buffer.from(octet, 'latin1'))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await written('END')
  expect(serial.text).toBe('abc\ndEND')
})

test('a line has the time of its first letter', async () => {
  await written('one\ntwEND')
  now = 2000
  machine.write('o\nthree')
  await serial.waitFor(/three$/, soon())
  expect(serial.lines).toEqual([
    { at: 1000, text: 'one' },
    { at: 1000, text: 'twENDo' },
    { at: 2000, text: 'three' },
  ])
})

test('waiting ends with words that were there before, that come, or with the signal', async () => {
  await written('here END')
  await serial.waitFor(/here/, soon())
  const later = serial.waitFor(/there/, soon())
  machine.write('there')
  await later
  await expect(serial.waitFor(/never/, AbortSignal.abort(new Error('enough')))).rejects.toThrow(
    'enough',
  )
})

test('typing reaches the machine as it stands', async () => {
  const typed = once(machine, 'data')
  serial.type('root\r')
  expect(String((await typed)[0])).toBe('root\r')
})
