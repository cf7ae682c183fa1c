/** The whole service under hostile packets: it lives, stays small, and serves the next machine. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { node, udhcpc } from '../support/dhcp-network.ts'
import { type Running, TestNetwork } from '../support/netns.ts'

const root = new URL('../../', import.meta.url).pathname
const seconds = 6

let network: TestNetwork
beforeEach(() => {
  network = new TestNetwork()
})
afterEach(async () => {
  await network[Symbol.asyncDispose]()
})

/** The service as it is, an ordinary machine and a hostile one, on a switch. */
async function serve(dhcp: string) {
  const hub = network.switch('sw')
  const [us, client, enemy] = ['us', 'cli', 'bad'].map((name) => network.namespace(name))
  network.plug(hub, [us!, 'eth0', '10.40.0.1/24'])
  network.plug(hub, [client!, 'eth0', undefined, '52:54:00:00:00:01'])
  network.plug(hub, [enemy!, 'eth0', '10.40.0.9/24'])
  const { folder } = network
  mkdirSync(join(folder, 'files'))
  writeFileSync(join(folder, 'files/hello'), 'hello, machine')
  const config = join(folder, 'bootlace.yaml')
  const places = `data: ${folder}/data\ncache: { directory: ${folder}/cache }\nfiles: ${folder}/files\n`
  writeFileSync(config, `${places}${dhcp}\n`)
  const serving = network.start(us!, [node, join(root, 'src/main.ts'), 'serve', '--config', config])
  await serving.line(/service\.ready/)
  return { us: us!, client: client!, enemy: enemy!, serving }
}

interface Told {
  readonly sent: number
  readonly heard: number
  readonly given: readonly string[]
}

async function attack(namespace: string, seed: number): Promise<Told> {
  const script = join(root, 'test/support/hostile-client.ts')
  const words = [node, script, '10.40.0.1', String(seconds), String(seed)]
  const { output } = await network.run(namespace, words)
  const told = JSON.parse(output) as Told
  expect(told.sent).toBeGreaterThan(1000)
  expect(told.heard).toBeGreaterThan(10)
  return told
}

/** Resident octets and open files of the service. */
function sizeOf(namespace: string): { memory: number; files: number } {
  const ids = execFileSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' }).trim()
  const id = ids.split('\n').at(-1) ?? ''
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1]
  return { memory: Number(kilobytes) * 1024, files: readdirSync(`/proc/${id}/fd`).length }
}

function expectReadable(serving: Running): void {
  // oxlint-disable-next-line no-control-regex -- what must not be there
  for (const line of serving.lines) expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
}

async function fetchHello(namespace: string): Promise<string> {
  const ran = await network.run(namespace, ['curl', '-s', '-S', 'tftp://10.40.0.1/hello'])
  return ran.output
}

test('full mode: a machine keeps its lease and gets its file after a flood of nonsense', async () => {
  const { us, client, enemy, serving } = await serve(
    'dhcp: { mode: full, subnets: [ { network: 10.40.0.0/24, pool: 10.40.0.100-10.40.0.199 } ] }',
  )
  const before = await udhcpc(network, client)
  expect(before['ip']).toMatch(/^10\.40\.0\./)
  await attack(enemy, 1)
  expect((await udhcpc(network, client))['ip']).toBe(before['ip'])
  expect(await fetchHello(enemy)).toBe('hello, machine')
  const { memory, files } = sizeOf(us)
  expect(memory).toBeLessThan(400e6)
  expect(files).toBeLessThan(300)
  expect(serving.lines.filter((line) => line.includes('"interface.close"'))).toEqual([])
  expectReadable(serving)
})

test('guest: whatever it hears, it gives nobody an address', async () => {
  const { enemy, serving } = await serve('dhcp: { mode: proxy }')
  const { given } = await attack(enemy, 2)
  expect(given).toEqual([])
  expect(await fetchHello(enemy)).toBe('hello, machine')
  expectReadable(serving)
})
