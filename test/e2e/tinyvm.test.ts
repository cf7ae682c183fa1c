/**
 * TinyVM as people use it, from other machines of its network: one machine in the lab, booted three
 * times, and one of ARM64. docs/tinyvm.md has a row for each test.
 */
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { cryptHash } from '../../src/io/password-hash.ts'
import { type Lab, openLab } from '../../src/lab/lab.ts'
import type { LabMachine } from '../../src/lab/lab-machine.ts'
import { run } from '../../src/lab/processes.ts'
import { rowsOf } from '../support/tinyvm-page.ts'
import { timeout } from './lab-boot.ts'

const password = 'secret-word'
const static4 = ['192.168.50.77', '255.255.255.0', '192.168.50.255', '192.168.50.1', '192.168.50.1']
const static6 = ['fd77:1::77', '64', 'fe80::1', 'fd77:1::1']

let lab: Lab
let machine: LabMachine
let folder = ''
/** Namespaces of the clients, and where they find the machine. */
let ipv4 = { client: '', address: '', host: '' }
let ipv6 = { client: '', address: '', host: '' }
/** Of each boot. */
const colours: string[] = []
const certificates: string[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bootlace-tinyvm-'))
  lab = await openLab({
    mode: 'full',
    machines: [{ firmware: 'bios', boot: 'tinyvm', memory: 192 }],
    config: { tinyvm: { password: cryptHash(password) } },
  })
  const [only] = lab.machines
  if (only === undefined) throw new Error('the lab has no machine')
  machine = only
  ipv4 = { client: await lab.network.attach('four', '192.168.50.9/24'), address: '', host: '' }
  ipv6 = { client: await lab.network.attach('six', 'fd77:1::9/64'), address: '', host: '' }
  await start()
}, 300_000)

afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

/** Boots the machine and waits until all that follows its report is there, too. */
async function start(): Promise<string> {
  const result = await machine.boot({ timeout })
  expect(result.reason).toBeUndefined()
  const patience = { timeout: 40_000, interval: 500 }
  const console = await vi.waitFor(() => {
    const { text = '' } = machine.running?.console ?? {}
    expect(text).toMatch(/IPv6 {2}fd77[\s\S]*with the password of Bootlace's configuration/)
    return text
  }, patience)
  const four = /TINYVM-UP \S+ ip=(\S+) report=sent/.exec(console)?.[1] ?? ''
  const six = /IPv6 {2}(fd77\S+)/.exec(console)?.[1] ?? ''
  ipv4 = { ...ipv4, address: four, host: four }
  ipv6 = { ...ipv6, address: six, host: `[${six}]` }
  await vi.waitFor(() => curl(ipv4, `https://${four}/health.html`), patience)
  await vi.waitFor(() => ssh(ipv4, 'tc', 'true'), patience)
  colours.push(colourOf(await curl(ipv4, `http://${four}/`)))
  certificates.push((await certificate(ipv4)).fingerprint256)
  return console
}

interface Client {
  readonly client: string
  readonly address: string
  readonly host: string
}

function from({ client }: Client, ...argv: readonly string[]): Promise<string> {
  return run('ip', 'netns', 'exec', client, ...argv)
}

function curl(client: Client, ...argv: readonly string[]): Promise<string> {
  return from(client, 'curl', '-ksS', '--fail', '-m', '20', ...argv)
}

const sshOptions = [
  ['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
  ['-o', 'LogLevel=ERROR', '-o', 'ConnectTimeout=20', '-o', 'PubkeyAuthentication=no'],
].flat()

function ssh(client: Client, user: string, command: string, word = password): Promise<string> {
  const login = `${user}@${client.address}`
  return from(client, 'sshpass', '-p', word, 'ssh', ...sshOptions, login, command)
}

function colourOf(page: string): string {
  return /border: \d+px solid (#[0-9a-f]{6})/.exec(page)?.[1] ?? ''
}

/** What a TLS client of one version sees; older versions need a client that still wants them. */
function handshake({ client, host }: Client, version: string): Promise<string> {
  const command = `openssl s_client -${version} -cipher ALL:@SECLEVEL=0 -connect '${host}:443' </dev/null`
  return run('ip', 'netns', 'exec', client, 'sh', '-c', `${command} 2>/dev/null`)
}

async function certificate(client: Client): Promise<X509Certificate> {
  return new X509Certificate(
    /-----BEGIN[\s\S]*END CERTIFICATE-----/.exec(await handshake(client, 'tls1_2'))?.[0] ?? '',
  )
}

const families = [
  { family: 'IPv4', client: () => ipv4 },
  { family: 'IPv6', client: () => ipv6 },
]

describe.for(families)('over $family', ({ client }) => {
  test.for([
    { scheme: 'http', option: '--http1.1', port: '80', protocol: 'HTTP/1.1 (HTTP)' },
    { scheme: 'http', option: '--http2-prior-knowledge', port: '80', protocol: 'HTTP/2.0 (HTTP)' },
    { scheme: 'https', option: '--http1.1', port: '443', protocol: 'HTTP/1.1 (HTTPS, TLSv1.3,' },
    { scheme: 'https', option: '--http2', port: '443', protocol: 'HTTP/2.0 (HTTPS, TLSv1.3,' },
  ])('the page shows a request by $scheme $option', async ({ scheme, option, port, protocol }) => {
    const { address, host } = client()
    const page = await curl(client(), option, `${scheme}://${host}/?a=%3Cb%3E`)
    const rows = rowsOf(page)
    expect(rows).toMatchObject({
      // With IPv6 the client may rather use the address that the router's advertisement gave it.
      'Client IP': expect.stringMatching(/^(192\.168\.50\.9|fd77:1::\S+)$/) as string,
      'Client Port': expect.stringMatching(/^\d+$/) as string,
      'X-Forwarded-For': 'None',
      'Server IP': address,
      'Server Port': port,
      Method: 'GET',
      'Host Header': host,
      'Requested URI': '/?a=%3Cb%3E',
      IPv4: `${ipv4.address} (eth0)`,
      'IPv6 global': `${ipv6.address} (eth0)`,
      'IPv6 link-local': expect.stringMatching(/^fe80::\S+ \(eth0\)$/) as string,
    })
    expect(rows['Protocol']).toContain(protocol)
    const time = rows['Current Time (GMT)'] ?? ''
    expect(time).toMatch(/^[A-Z][a-z]+ \d{1,2}, \d{4}, \d{1,2}:\d\d:\d\d [ap]m$/)
    expect(Math.abs(Date.parse(`${time} GMT`.replace(', 2', ' 2')) - Date.now())).toBeLessThan(
      60_000,
    )
    expect(page).toMatch(new RegExp(`<title>TinyVM v[\\d.]+ ${address}</title>`))
  })

  test.for([
    { option: 'tls1', name: 'TLSv1' },
    { option: 'tls1_1', name: 'TLSv1.1' },
    { option: 'tls1_2', name: 'TLSv1.2' },
    { option: 'tls1_3', name: 'TLSv1.3' },
  ])('HTTPS speaks $name', async ({ option, name }) => {
    const seen = await handshake(client(), option)
    expect(seen).toMatch(new RegExp(`^(New, ${name},|\\s+Protocol +: ${name}$)`, 'm'))
  })

  test('iPerf3 measures in both directions', async () => {
    for (const direction of [[], ['-R']]) {
      const options = ['-c', client().address, '-n', '20M', '-J', ...direction]
      // The server measures one client at a time, and takes a moment to have done with the last.
      const report = await vi.waitFor(
        async () => {
          const told: unknown = JSON.parse(await from(client(), 'iperf3', ...options))
          expect(told).not.toHaveProperty('error')
          return told
        },
        { timeout: 20_000, interval: 500 },
      )
      expect(report).toHaveProperty('end.sum_received.bytes', expect.any(Number))
    }
  })

  test.for(['tc', 'root'])('%s logs in by ssh with the configured password', async (user) => {
    expect(await ssh(client(), user, 'id -un; sudo id -un')).toBe(`${user}\nroot\n`)
  })
})

test('X-Forwarded-For, other methods and other hosts show as they were sent', async () => {
  const headers = ['-H', 'X-Forwarded-For: 192.0.2.1, <b>', '-H', 'Host: lb.example']
  const page = await curl(ipv4, '-d', 'x=1', ...headers, `http://${ipv4.host}/`)
  expect(rowsOf(page)).toMatchObject({
    Method: 'POST',
    'Host Header': 'lb.example',
    'X-Forwarded-For': '192.0.2.1, &lt;b&gt;',
  })
  expect(page).toMatch(/class="plain">HTTP</)
})

test('a path that is not there shows the page with status 404', async () => {
  const url = `http://${ipv4.host}/some/app?x`
  const page = await from(ipv4, 'curl', '-s', '-w', '%{http_code}', url)
  expect(page).toMatch(/404$/)
  expect(rowsOf(page)['Requested URI']).toBe('/some/app?x')
})

test('health.html is SUCCESS', async () => {
  expect((await curl(ipv4, `http://${ipv4.host}/health.html`)).trim()).toBe('SUCCESS')
})

test.for([
  ['1KB', 1024],
  ['10KB', 10 * 1024],
  ['100KB', 100 * 1024],
  ['500KB', 500 * 1024],
  ['1MB', 1024 ** 2],
  ['5MB', 5 * 1024 ** 2],
] as const)('the file %s has exactly %d octets, by both protocols', async ([name, size]) => {
  for (const url of [`http://${ipv4.host}/${name}.bin`, `https://${ipv6.host}/${name}.bin`]) {
    const client = url.startsWith('https') ? ipv6 : ipv4
    const got = await curl(client, '-o', '/dev/null', '-w', '%{size_download}', url)
    expect(Number(got)).toBe(size)
  }
})

test('two requests of one boot have the same colour, and the tab has an icon', async () => {
  const page = await curl(ipv6, `https://${ipv6.host}/`)
  expect(colourOf(page)).toMatch(/^#[0-9a-f]{6}$/)
  expect(colourOf(page)).toBe(colours.at(-1))
  const icon = await curl(
    ipv4,
    '-o',
    '/dev/null',
    '-w',
    '%{content_type}',
    `http://${ipv4.host}/favicon.ico`,
  )
  expect(icon).toBe('image/x-icon')
})

test('the certificate names every address, and is self-signed', async () => {
  const {
    subjectAltName = '',
    issuer,
    subject,
  } = await vi.waitFor(
    async () => {
      const seen = await certificate(ipv4)
      expect(seen.checkIP(ipv6.address)).toBe(ipv6.address)
      return seen
    },
    { timeout: 20_000, interval: 500 },
  )
  expect(subjectAltName).toContain(`IP Address:${ipv4.address}`)
  expect(subjectAltName).toMatch(/IP Address:FE80:/i)
  expect(issuer).toBe(subject)
})

test('a wrong password lets nobody in', async () => {
  await expect(ssh(ipv4, 'root', 'true', 'tinyvm')).rejects.toThrow('Permission denied')
})

test('files are copied by sftp and by the old scp', async () => {
  const file = join(folder, 'note')
  writeFileSync(file, 'hello\n')
  for (const way of [[], ['-O']]) {
    const target = `tc@${ipv4.address}:note${way.join('')}`
    await from(ipv4, 'sshpass', '-p', password, 'scp', ...way, ...sshOptions, file, target)
  }
  expect(await ssh(ipv4, 'tc', 'cat note note-O')).toBe('hello\nhello\n')
})

test('tcpdump, curl, wget and sudo are there and work', async () => {
  const capture = await ssh(
    ipv4,
    'tc',
    'sudo tcpdump -c 1 -i eth0 tcp port 22 2>&1 & sleep 2; echo; wait',
  )
  expect(capture).toContain('1 packet captured')
  expect(await ssh(ipv4, 'tc', 'curl -sk https://localhost/health.html')).toContain('SUCCESS')
  expect(await ssh(ipv4, 'tc', 'wget -qO- http://localhost/health.html')).toContain('SUCCESS')
})

// They end at once where there is no VMware: nothing more can be seen here.
test('VMware’s tools have every library that they need', async () => {
  const plugins = '/usr/lib/x86_64-linux-gnu/open-vm-tools/plugins/*/*.so'
  const loading = `for file in /usr/bin/vmtoolsd ${plugins}; do LD_TRACE_LOADED_OBJECTS=1 /lib64/ld-linux-x86-64.so.2 $file; done`
  const libraries = await ssh(ipv4, 'tc', `${loading} 2>&1`)
  expect(libraries.match(/libvmtools\.so\.0 => \//g)).toHaveLength(5)
  expect(libraries).not.toMatch(/not found|error/i)
})

test('192 MB hold all of it, with room for work', async () => {
  const available = await ssh(ipv4, 'tc', "awk '/^MemAvailable/ { print $2 }' /proc/meminfo")
  expect(Number(available), 'kB').toBeGreaterThan(40_000)
})

describe('static addresses', () => {
  test.for([
    { script: 'set-ipv4-address.sh', usage: 'IP MASK BROADCAST GATEWAY DNS DOMAIN' },
    { script: 'set-ipv6-address.sh', usage: 'IP PREFIX-LENGTH GATEWAY DNS DOMAIN' },
  ])('$script explains itself', async ({ script, usage }) => {
    expect(await ssh(ipv4, 'tc', `/opt/${script} || true`)).toContain(usage)
  })

  test('an address of ours is refused, and nothing restarts', async () => {
    const words = [
      '192.168.50.1',
      '255.255.255.0',
      '192.168.50.255',
      '192.168.50.2',
      '192.168.50.1',
    ]
    const said = await ssh(
      ipv4,
      'tc',
      `/opt/set-ipv4-address.sh ${words.join(' ')} lab.example || true`,
    )
    expect(said).toContain('192.168.50.1 is the address of Bootlace itself')
    expect(said).not.toContain('RESTART')
  })

  test('they are remembered, and the machine has them after its restart', async () => {
    const six = `/opt/set-ipv6-address.sh ${static6.join(' ')} lab.example & sleep 3; kill $!`
    expect(await ssh(ipv4, 'root', six)).toContain('fd77:1::77/64')
    const off = machine.running?.off()
    const four = await ssh(
      ipv4,
      'tc',
      `/opt/set-ipv4-address.sh ${static4.join(' ')} lab.example`,
    ).catch(String)
    await off
    expect(four).not.toContain('refused')
    const console = await start()
    expect(console).toContain('IPv4  192.168.50.77  (eth0, static)')
    expect(console).toContain('IPv6  fd77:1::77  (eth0, static)')
    expect(ipv4.address).toBe('192.168.50.77')
    expect(await ssh(ipv4, 'tc', 'ip route; ip -6 route; cat /etc/resolv.conf')).toMatch(
      /default via 192\.168\.50\.1 [\s\S]*default via fe80::1 [\s\S]*nameserver 192\.168\.50\.1/,
    )
    expect(rowsOf(await curl(ipv6, `https://${ipv6.host}/`))['Server IP']).toBe('fd77:1::77')
  }, 240_000)

  test('and back: DHCP, and what routers say', async () => {
    await ssh(ipv4, 'root', '/opt/set-ipv6-address.sh slaac & sleep 3; kill $!')
    const off = machine.running?.off()
    const said = ssh(ipv4, 'root', '/opt/set-ipv4-address.sh dhcp').catch(() => '')
    await off
    await said
    const console = await start()
    expect(console).toMatch(/IPv4 {2}192\.168\.50\.1\d\d {2}\(eth0, DHCP\)/)
    expect(console).toMatch(/IPv6 {2}fd77:1::5054:\S+ {2}\(eth0, SLAAC\)/)
  }, 240_000)

  test('each start has its own colour and its own certificate', () => {
    expect(new Set(colours).size).toBe(3)
    expect(new Set(certificates).size).toBe(3)
  })
})

test('on ARM64 it is the same: page, HTTPS, ssh', async () => {
  await using arm = await openLab({
    mode: 'full',
    machines: [{ arch: 'arm64', firmware: 'uefi', boot: 'tinyvm' }],
    config: { tinyvm: { password: cryptHash(password) } },
  })
  const client = await arm.network.attach('four', '192.168.50.9/24')
  const result = await arm.machines[0]?.boot({ timeout: 240_000 })
  expect(result?.reason).toBeUndefined()
  const address =
    result?.steps.findLast(({ event }) => event?.type === 'machine.up')?.event?.ip ?? ''
  const there = { client, address, host: address }
  const patience = { timeout: 60_000, interval: 500 }
  const page = await vi.waitFor(() => curl(there, '--http2', `https://${address}/`), patience)
  expect(rowsOf(page)['Protocol']).toContain('HTTP/2.0 (HTTPS, TLSv1.3')
  const machineType = await vi.waitFor(() => ssh(there, 'tc', 'uname -m'), patience)
  expect(machineType.trim()).toBe('aarch64')
}, 360_000)
