/**
 * A machine's loader is learned, with the service as a user starts it: udhcpc passes for the PXE ROM of
 * a BIOS, and curl fetches what that would.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { asPxe, node, udhcpc } from '../support/dhcp-network.ts'
import { type Running, TestNetwork } from '../support/netns.ts'

const machine = '52:54:00:00:00:01'
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

test('lpxelinux is never started, pxelinux is: kept over a restart of the service', async () => {
  await using network = new TestNetwork()
  const server = network.namespace('srv')
  const client = network.namespace('cli')
  network.link([server, 'eth0', '10.41.0.1/24'], [client, 'eth0', '10.41.0.20/24', machine])
  const powerOn = async (): Promise<string> => {
    const { boot_file: file = 'nothing' } = await udhcpc(network, client, asPxe(0))
    await fetchFile(network, client, file)
    return file
  }

  const service = await serve(network, server)
  expect(await powerOn()).toBe('lpxelinux.0')
  expect(await powerOn()).toBe('pxelinux.0')
  await service.line(/"event":"loader.silent".*from now on this machine gets pxelinux.0/)
  await fetchFile(network, client, 'ldlinux.c32')
  await service.line(/"event":"loader.works".*"file":"pxelinux.0"/)
  await service.stop()

  await serve(network, server)
  expect(await powerOn()).toBe('pxelinux.0')
})

async function serve(network: TestNetwork, namespace: string): Promise<Running> {
  const file = join(network.folder, 'bootlace.yaml')
  const subnet = { network: '10.41.0.0/24', pool: '10.41.0.100-10.41.0.110' }
  writeFileSync(
    file,
    JSON.stringify({
      interfaces: ['eth0'],
      data: join(network.folder, 'data'),
      dhcp: { mode: 'full', subnets: [subnet] },
      hosts: [{ name: 'pc', mac: machine, address: '10.41.0.20' }],
    }),
  )
  const running = network.start(namespace, [node, main, 'serve', '--config', file])
  await running.line(/"service.ready"/, 30_000)
  return running
}

async function fetchFile(network: TestNetwork, client: string, file: string): Promise<void> {
  const to = join(network.folder, 'fetched')
  const ran = await network.run(client, ['curl', '-sS', '-o', to, `tftp://10.41.0.1/${file}`])
  expect(ran).toEqual({ status: 0, output: '' })
}
