import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type Server, type Socket, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { QmpClient } from '../../src/lab/qmp.ts'

let directory: string
let path: string
let server: Server
let asked: { execute: string; arguments: unknown }[]
let answer: (execute: string) => object
let qemu: Socket

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bootlace-qmp-'))
  path = join(directory, 'monitor')
  asked = []
  answer = () => ({ return: {} })
  server = createServer((socket) => {
    qemu = socket
    socket.on('error', () => undefined)
    socket.write('{"QMP": {"version": {}, "capabilities": []}}\r\n')
    socket.on('data', (data) => {
      for (const line of String(data).trim().split('\n')) {
        const command = JSON.parse(line) as { execute: string; arguments: unknown }
        asked.push(command)
        socket.write('{"event": "RESUME", "timestamp": {}}\r\n')
        socket.write(`${JSON.stringify(answer(command.execute))}\r\n`)
      }
    })
  })
})

afterEach(async () => {
  server.close()
  await rm(directory, { recursive: true })
})

test('connects once QEMU has opened its socket, and agrees on the protocol first', async () => {
  const opening = QmpClient.open(path)
  await once(server.listen(path), 'listening')
  using client = await opening
  await client.powerOn()
  expect(asked.map(({ execute }) => execute)).toEqual(['qmp_capabilities', 'cont'])
})

test('presses keys one by one, and together where they are joined', async () => {
  await once(server.listen(path), 'listening')
  using client = await QmpClient.open(path)
  await client.press(['down', 'shift-a'])
  expect(asked.slice(1)).toEqual([
    { execute: 'send-key', arguments: { keys: [{ type: 'qcode', data: 'down' }] } },
    {
      execute: 'send-key',
      arguments: {
        keys: [
          { type: 'qcode', data: 'shift' },
          { type: 'qcode', data: 'a' },
        ],
      },
    },
  ])
})

test('what QEMU refuses is told in its own words', async () => {
  await once(server.listen(path), 'listening')
  using client = await QmpClient.open(path)
  answer = () => ({ error: { class: 'GenericError', desc: 'no such key' } })
  await expect(client.press(['nonsense'])).rejects.toThrow('no such key')
})

test('a command fails when QEMU ends before it has answered', async () => {
  await once(server.listen(path), 'listening')
  using client = await QmpClient.open(path)
  answer = () => {
    qemu.destroy()
    return {}
  }
  await expect(client.powerOn()).rejects.toThrow('QEMU has ended')
})
