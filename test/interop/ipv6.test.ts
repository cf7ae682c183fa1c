/**
 * The service as a user starts it, in a namespace that has nothing but IPv6, and programs that
 * others wrote fetch from it over the wire: what counts is what they wrote to disk.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Ran, type Running, TestNetwork } from '../support/netns.ts'

const home = fileURLToPath(new URL('../..', import.meta.url))
const machine = '52:54:00:aa:00:07'
const linkLocal = 'fe80::5054:ff:feaa:1'
const sizes = { small: 1000, exact1448: 1448 * 20, large: 3_000_000 } as const
type Name = keyof typeof sizes

let network: TestNetwork
let server: string
let client: string
let service: Running
const sums = new Map<string, string>()

beforeAll(async () => {
  network = new TestNetwork()
  server = network.namespace('srv')
  client = network.namespace('cli')
  network.link(
    [server, 'eth0', undefined, '52:54:00:aa:00:01'],
    [client, 'eth0', undefined, machine],
  )
  // A second link that is not named in the configuration.
  network.link([server, 'eth1'], [client, 'eth1'])
  const addresses = [
    [server, 'fd77::1/64', 'eth0'],
    [client, 'fd77::7/64', 'eth0'],
    [server, 'fd88::1/64', 'eth1'],
    [client, 'fd88::7/64', 'eth1'],
  ] as const
  for (const [namespace, address, device] of addresses) {
    await network.run(namespace, ['ip', 'addr', 'add', address, 'dev', device, 'nodad'])
  }
  const settled = 'while ip -6 addr show tentative | grep -q .; do sleep 0.1; done'
  for (const namespace of [server, client]) await network.run(namespace, ['sh', '-c', settled])
  const files = join(network.folder, 'files')
  mkdirSync(files)
  for (const [name, size] of Object.entries(sizes)) {
    const octets = Uint8Array.from({ length: size }, (_, index) => (index * 31) >> 3)
    sums.set(name, sumOf(octets))
    writeFileSync(join(files, name), octets)
  }
  service = await serve(server, {
    interfaces: ['eth0'],
    data: join(network.folder, 'data'),
    dhcp: { mode: 'off' },
    files,
    hosts: [{ name: 'web', mac: machine, boot: 'tinyvm' }],
  })
})
afterAll(async () => {
  await network[Symbol.asyncDispose]()
})

async function serve(namespace: string, config: object): Promise<Running> {
  const file = join(network.folder, `${namespace}.yaml`)
  writeFileSync(file, JSON.stringify(config))
  const node = join(home, 'node_modules/.bin/node')
  const command = [node, join(home, 'src/main.ts'), 'serve', '--verbose', '--config', file]
  const running = network.start(namespace, command)
  await running.line(/"service.ready"/, 30_000)
  return running
}

interface Fetcher {
  readonly name: string
  readonly command: (host: string, file: string, to: string) => readonly string[]
}

const curl = (url: (host: string, file: string) => string, ...more: readonly string[]) => {
  return (host: string, file: string, to: string): readonly string[] => {
    return ['curl', '-sS', '-g', ...more, '-o', to, url(host, file)]
  }
}
const atftp = (...options: readonly string[]) => {
  const words = options.flatMap((option) => ['--option', option])
  return (host: string, file: string, to: string): readonly string[] => {
    return ['atftp', ...words, '-g', '-r', file, '-l', to, host]
  }
}
const tftpUrl = (host: string, file: string): string =>
  `tftp://[${host.replace('%', '%25')}]/${file}`
const httpUrl = (host: string, file: string): string =>
  `http://[${host.replace('%', '%25')}]/${file}`

const fetchers: readonly Fetcher[] = [
  {
    name: 'tftp-hpa',
    command: (host, file, to) => ['tftp', '-6', '-m', 'octet', host, '-c', 'get', file, to],
  },
  { name: 'atftp', command: atftp() },
  { name: 'atftp as EDK2 asks', command: atftp('blksize 1228') },
  { name: 'atftp with windows', command: atftp('blksize 1448', 'windowsize 16') },
  { name: 'atftp with blocks above the MTU', command: atftp('blksize 8192', 'windowsize 4') },
  { name: 'curl by TFTP', command: curl(tftpUrl) },
  { name: 'curl by TFTP, blksize 1448', command: curl(tftpUrl, '--tftp-blksize', '1448') },
  { name: 'curl by HTTP', command: curl(httpUrl) },
]

async function fetchSum(fetcher: Fetcher, host: string, file: Name): Promise<string> {
  const to = join(network.folder, `${fetcher.name}-${file}`.replaceAll(/\W/g, '-'))
  writeFileSync(to, '')
  const ran = await network.run(client, fetcher.command(host, file, to))
  return sumOf(readFileSync(to)) === sums.get(file) ? 'the same' : `other: ${ran.output}`
}

const hosts = ['fd77::1', `${linkLocal}%eth0`]

test.for(
  fetchers.flatMap((fetcher) =>
    hosts.flatMap((host) =>
      (['small', 'exact1448', 'large'] as const).map((file) => ({ fetcher, host, file })),
    ),
  ),
)('$fetcher.name fetches $file from $host', async ({ fetcher, host, file }) => {
  expect(await fetchSum(fetcher, host, file)).toBe('the same')
})

test('a block fits into a packet of the link, whatever was asked', async () => {
  const capture = await network.capture(client, 'eth0', 'udp and ip6')
  const command = atftp('blksize 8192')('fd77::1', 'large', join(network.folder, 'fits'))
  await network.run(client, command)
  await capture.stop()
  const lengths = capture.lines.flatMap((line) => / UDP, length (\d+)/.exec(line)?.[1] ?? [])
  expect(Math.max(...lengths.map(Number))).toBe(1452) // 4 octets of TFTP and 1448: 1500 - 40 - 8
  expect(capture.lines.join('\n')).not.toContain('frag')
})

test('where a link carries less on its way, blocks of EDK2’s size pass', async () => {
  await network.run(client, ['ip', 'link', 'set', 'eth0', 'mtu', '1280'])
  try {
    expect(await fetchSum(fetchers[2]!, 'fd77::1', 'large')).toBe('the same')
    expect(await fetchSum(fetchers[3]!, 'fd77::1', 'large')).toBe('the same')
  } finally {
    await network.run(client, ['ip', 'link', 'set', 'eth0', 'mtu', '1500'])
    await network.run(client, ['ip', 'addr', 'replace', 'fd77::7/64', 'dev', 'eth0', 'nodad'])
  }
})

test('a missing file is missed, and the machine is known by its neighbour entry', async () => {
  const missed = await network.run(client, [
    'atftp',
    '-g',
    '-r',
    'smal',
    '-l',
    '/dev/null',
    'fd77::1',
  ])
  expect(missed.output).toMatch(/not found/i)
  const line = await service.line(/"tftp.missing".*"smal"/)
  expect(JSON.parse(line)).toMatchObject({ ip: 'fd77::7', mac: machine, nearest: 'small' })
})

test.for([
  { name: 'the address', asked: [], url: 'http://[fd77::1]' },
  { name: 'the port', asked: ['-H', 'host: [fd77::1]:8080'], url: 'http://[fd77::1]:8080' },
  {
    name: 'without the zone',
    asked: ['-H', 'host: [fe80::1%25net0]'],
    url: 'http://[fe80::1]',
  },
])('the script over HTTP points back the way that was taken: $name', async ({ asked, url }) => {
  const { output } = await get(httpUrl('fd77::1', 'menu.ipxe'), ...asked)
  expect(output).toContain(`kernel ${url}/boot/tinyvm/vmlinuz`)
  expect(output).toContain(`bootlace=${url} `)
})

test('over TFTP it has no zone of ours in it: the client has another name for the link', async () => {
  const to = join(network.folder, 'script')
  const command = ['atftp', '-g', '-r', 'menu.ipxe', '-l', to, `${linkLocal}%eth0`]
  expect((await network.run(client, command)).status).toBe(0)
  expect(readFileSync(to, 'utf8')).toContain(`kernel http://[${linkLocal}]/boot/tinyvm/vmlinuz`)
})

test('a machine says over IPv6 that it is up, and is known by both its addresses', async () => {
  const report = JSON.stringify({ mac: machine, system: 'tinyvm', addresses: ['fd77::7'] })
  const posted = await get(httpUrl('fd77::1', 'api/report'), '--data', report)
  expect(posted.output).toBe('ok\n')
  await get(httpUrl(`${linkLocal}%eth0`, 'small'), '-o', '/dev/null')
  const { machines } = JSON.parse((await get(httpUrl('fd77::1', 'api/machines'))).output) as {
    machines: { name: string; addresses: string[] }[]
  }
  const [known] = machines
  expect(known?.name).toBe('web')
  expect(known?.addresses).toContain('fd77::7')
  expect(known?.addresses.some((address) => address.endsWith('%eth0'))).toBe(true)
})

test('on a link that is not named nobody answers, on loopback HTTP does', async () => {
  expect((await get(httpUrl('fd88::1', 'healthz'))).output).toMatch(/Failed to connect|refused/i)
  const tftp = await network.run(client, [
    'atftp',
    '-g',
    '-r',
    'small',
    '-l',
    '/dev/null',
    'fd88::1',
  ])
  expect(tftp.output).not.toBe('')
  for (const host of ['127.0.0.1', '[::1]']) {
    const ran = await network.run(server, ['curl', '-sS', '-g', `http://${host}/healthz`])
    expect(ran.output).toBe('ok\n')
  }
})

test('an address that comes is served, and one that goes is left', async () => {
  const address = ['fd99::1/64', 'dev', 'eth0', 'nodad']
  await network.run(client, ['ip', 'addr', 'add', 'fd99::7/64', 'dev', 'eth0', 'nodad'])
  await network.run(server, ['ip', 'addr', 'add', ...address])
  const url = httpUrl('fd99::1', 'healthz')
  await expect.poll(async () => (await get(url)).output, { timeout: 10_000 }).toBe('ok\n')
  expect(await fetchSum(fetchers[1]!, 'fd99::1', 'small')).toBe('the same')
  await network.run(server, ['ip', 'addr', 'del', ...address.slice(0, 3)])
  const sockets = async () => (await network.run(server, ['ss', '-Hlntu'])).output
  await expect.poll(sockets, { timeout: 10_000 }).not.toContain('fd99::1')
})

test('where IPv6 is switched off, IPv4 is served as ever', async () => {
  const [old, peer] = [network.namespace('old'), network.namespace('peer')]
  for (const namespace of [old, peer]) {
    const setting = 'net.ipv6.conf.all.disable_ipv6=1'
    await network.run(namespace, ['sysctl', '-qw', setting])
  }
  network.link([old, 'eth0', '10.98.0.1/24'], [peer, 'eth0', '10.98.0.2/24'])
  await serve(old, { data: join(network.folder, 'data-old'), dhcp: { mode: 'off' } })
  const ran = await network.run(peer, ['curl', '-sS', 'http://10.98.0.1/healthz'])
  expect(ran.output).toBe('ok\n')
})

function get(url: string, ...more: readonly string[]): Promise<Ran> {
  return network.run(client, ['curl', '-sS', '-g', '-m', '5', ...more, url])
}

function sumOf(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex')
}
