import { createServer, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { portError, socketsOn } from '../../../src/io/net/port-holder.ts'

const table = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  369: 00000000:0045 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12345 2 0000000000000000 0
  369: 0100007F:0045 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12346 2 0000000000000000 0
 1324: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 11111 2 0000000000000000 0
`

test('sockets of a port are found in a proc table, and only those', () => {
  expect(socketsOn(69, table)).toEqual(['12345', '12346'])
  expect(socketsOn(67, table)).toEqual([])
  expect(socketsOn(67, '')).toEqual([])
})

test('who holds a port is told by the name of its program', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const error = Object.assign(new Error('taken'), { code: 'EADDRINUSE' })
  const said = (address: string) => portError(error, { transport: 'tcp', port, address }).message
  const held = `in use by node (process ${process.pid}): stop it, or choose another port`
  for (const address of ['0.0.0.0', '::']) expect(said(address)).toBe(`TCP port ${port} is ${held}`)
  expect(said('fe80::1%eth0')).toBe(`TCP port ${port} on fe80::1%eth0 is ${held}`)
  server.close()
})
