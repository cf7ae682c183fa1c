import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig, parseConfig } from '../../../src/app/config/config.ts'
import { formatIpv4 } from '../../../src/core/address.ts'
import { InputError } from '../../../src/core/errors.ts'

function problemsIn(
  yaml: string,
  ...rest: Parameters<typeof parseConfig> extends [string, string, ...infer R] ? R : never
) {
  try {
    parseConfig(yaml, 'lab.yaml', ...rest)
  } catch (error) {
    if (error instanceof InputError) return error.problems
    throw error
  }
  return []
}

function tenTimes(name: string, of: string): string {
  return `${name}: &${name} [${`*${of},`.repeat(10)}]\n`
}

test('an empty file is a guest on the network: nothing gives addresses, the disk is the default', () => {
  const config = parseConfig('', 'lab.yaml')
  expect(config.dhcp.subnets).toEqual([])
  expect(config.menu.default).toBe('disk')
  expect(config.http.port).toBe(80)
})

test('every kind of value is read', () => {
  const config = parseConfig(
    `
interfaces: [eth1, tap*]
dhcp:
  subnets:
    - network: 192.168.50.0/24
      pool: 192.168.50.100-192.168.50.199
      gateway: 192.168.50.1
      dns: [192.168.50.1]
      lease: 12h
menu: { timeout: 5s, default: rescue, entries: [ { name: rescue, title: Rescue system, key: r, kernel: rescue/vmlinuz, initrd: [rescue/initrd], args: quiet } ] }
hosts: [ { name: web-01, mac: 52-54-00-12-34-56, address: 192.168.50.10, boot: rescue } ]
mirrors: { autodeploy: { origin: 'https://vcsa.lab.example:6501' } }
cache: { size: 512MiB }
`,
    'lab.yaml',
  )
  const subnet = config.dhcp.subnets[0]
  expect(subnet?.lease).toBe(43_200)
  expect(formatIpv4(subnet!.gateway!)).toBe('192.168.50.1')
  expect(config.menu.timeout).toBe(5)
  expect(config.hosts[0]?.mac).toBe('52:54:00:12:34:56')
  expect(config.mirrors['autodeploy']?.port).toBe(5100)
  expect(config.cache.size).toBe(512 * 1024 * 1024)
})

test('every problem is told at once, with file, line, key, what was found and what is allowed', () => {
  const problems = problemsIn(`dhcp:
  mode: sometimes
  subnets:
    - network: 192.168.50.7/24
      pool: 10-20
hosts:
  - name: web 01
    mac: 52:54
    boot: nothing
color: red
`)
  expect(problems).toEqual([
    'lab.yaml:2:9: dhcp.mode: found "sometimes", allowed: auto, full, proxy or off',
    'lab.yaml:4:16: dhcp.subnets[0].network: found "192.168.50.7/24", allowed: a network such as 192.168.50.0/24, with no host bits set',
    'lab.yaml:5:13: dhcp.subnets[0].pool: found "10-20", allowed: a range such as 192.168.50.100-192.168.50.199, the lower address first, or a list',
    'lab.yaml:7:11: hosts[0].name: found "web 01", allowed: a name of letters, digits, ".", "_" and "-"',
    'lab.yaml:8:10: hosts[0].mac: found "52:54", allowed: a MAC address such as 52:54:00:12:34:56',
    'lab.yaml:10:8: color: is not a key here; allowed: interfaces, data, dhcp, tftp, files, http, menu, hosts, images, mirrors, tinyvm, cache',
  ])
})

test('a missing key is said to be missing, at the place of its parent', () => {
  expect(problemsIn('hosts:\n  - name: a\n')).toEqual([
    'lab.yaml:2:5: hosts[0].mac: is missing, allowed: a MAC address such as 52:54:00:12:34:56',
  ])
})

test('values that are good alone but not together', () => {
  const problems = problemsIn(`dhcp:
  subnets:
    - { network: 10.0.0.0/24, pool: 10.0.1.1-10.0.1.9, gateway: 10.9.9.9 }
    - { network: 10.0.0.0/24, lease: 0s }
    - { network: 10.0.0.128/25 }
    - { network: 10.0.0.0/15 }
    - { network: 10.1.0.0/24 }
    - { network: 11.0.0.0/8 }
menu:
  default: nope
  entries:
    - { name: disk, title: x, kernel: k }
    - { name: a, title: x, kernel: k, key: q }
    - { name: a, title: x, kernel: k, key: Q }
hosts:
  - { name: a, mac: '52:54:00:00:00:01', boot: gone, address: 10.3.0.1 }
  - { name: a, mac: '52:54:00:00:00:01', boot: autodeploy }
mirrors:
  x: { origin: 'http://o', port: 80 }
`)
  expect(problems.map((problem) => problem.replace(/^lab\.yaml:\d+:\d+: /, ''))).toEqual([
    'dhcp.subnets[0].pool: lies outside 10.0.0.0/24',
    'dhcp.subnets[0].gateway: 10.9.9.9 lies outside 10.0.0.0/24',
    'dhcp.subnets[1].lease: must be at least 1m and at most 3650d',
    'dhcp.subnets[1].network: is the same as dhcp.subnets[0].network',
    'dhcp.subnets[2].network: overlaps dhcp.subnets[0].network',
    'dhcp.subnets[3].network: overlaps dhcp.subnets[0].network',
    'dhcp.subnets[4].network: overlaps dhcp.subnets[3].network',
    'menu.entries[0].name: disk is built in; choose another name',
    'menu.entries[2].name: is the same as menu.entries[1].name',
    'menu.entries[2].key: is the same as menu.entries[1].key',
    'menu.default: there is no entry nope; there are disk, tinyvm, memtest, shell, disk, a, a',
    'hosts[0].boot: there is no entry gone; there are menu, autodeploy, disk, tinyvm, memtest, shell, disk, a, a',
    'hosts[0].address: lies in none of dhcp.subnets',
    'hosts[1].boot: autodeploy needs a mirror named autodeploy (mirrors.autodeploy)',
    'hosts[1].name: is the same as hosts[0].name',
    'hosts[1].mac: is the same as hosts[0].mac',
    'mirrors.x.port: is taken by http.port',
  ])
})

test('a wrong section does not hide the disagreements of the others', () => {
  expect(problemsIn('dhcp: 7\nmenu: { default: nope }\n')).toEqual([
    expect.stringContaining('lab.yaml:1:7: dhcp: found 7'),
    expect.stringContaining('menu.default: there is no entry nope'),
  ])
})

test('text that is not YAML is told with its place', () => {
  expect(problemsIn('dhcp: [1\nhosts: {')[0]).toMatch(/^lab\.yaml:\d+:\d+: not YAML: /)
  expect(problemsIn('data: a\ndata: b\n')[0]).toMatch(/^lab\.yaml:2:1: not YAML: .*unique/)
})

test('a timeout that no menu can say, and half a fingerprint, are refused', () => {
  expect(problemsIn('menu: { timeout: 2h }')[0]).toContain('less than 60m')
  const trust = (fingerprint: string) =>
    problemsIn(
      `mirrors: { autodeploy: { origin: 'https://v', trust: { fingerprint: '${fingerprint}' } } }`,
    )
  expect(trust('sha256:ab:cd')[0]).toMatch(
    /autodeploy\.trust\.fingerprint: found "sha256:ab:cd", allowed: sha256: and 32 pairs/,
  )
  expect(trust(`sha256:${'ab:'.repeat(31)}cd`)).toEqual([])
  expect(trust(`SHA1:${'AB'.repeat(20)}`)).toEqual([])
})

function mirrorProblems(settings: string) {
  return problemsIn(`mirrors: { autodeploy: { ${settings} } }`).map((problem) =>
    problem.replace(/^lab\.yaml:\d+:\d+: mirrors\.autodeploy\./, ''),
  )
}

test('an origin is scheme, host and port, and what it is trusted by can be shown to be so', () => {
  expect(mirrorProblems("origin: 'https://user:word@vcsa:6501/vmw?x'")).toEqual([
    'origin: is more than scheme, host and port, such as https://vcsa:6501',
  ])
  expect(mirrorProblems("origin: 'http://vcsa', trust: { ca: a.pem }")).toEqual([
    'trust: cannot be checked: the origin is http://, which shows no certificate',
  ])
  expect(mirrorProblems("origin: 'https://vcsa:6501/'")).toEqual([])
})

test('a password of TinyVM that is no hash is refused without being shown', () => {
  const [problem = ''] = problemsIn("tinyvm: { password: 'my-secret' }")
  expect(problem).toContain('tinyvm.password: is no hash: run "bootlace hash-password"')
  expect(problem).not.toContain('my-secret')
  const hash = `$6$salt$${'a'.repeat(86)}`
  expect(problemsIn(`tinyvm: { password: '${hash}' }`)).toEqual([])
})

test('YAML that points at itself, nowhere or at far too much is a problem, not a crash', () => {
  expect(problemsIn('data: *gone\n')).toEqual([
    expect.stringMatching(/^lab\.yaml: not YAML: .*gone/),
  ])
  expect(problemsIn('hosts: &all [*all]\n')).toEqual([
    expect.stringContaining('hosts[0]: found something that contains itself'),
  ])
  const bomb = `a: &a [x]\n${tenTimes('b', 'a')}${tenTimes('c', 'b')}${tenTimes('d', 'c')}`
  expect(problemsIn(bomb)).toEqual([expect.stringMatching(/^lab\.yaml: not YAML: /)])
  expect(problemsIn('__proto__: { port: 1 }\n')[0]).toContain('__proto__: is not a key here')
  expect(Reflect.get({}, 'port')).toBeUndefined()
})

test('a variable that is no YAML is taken as it stands', () => {
  const { data } = loadConfig({ environment: { BOOTLACE_DATA: '*x' } })
  expect(data).toBe('*x')
})

test('a flag or variable does not hide that the file holds no settings', () => {
  const flag = { path: ['http', 'port'], value: 8080, source: 'BOOTLACE_HTTP_PORT' }
  expect(problemsIn('- a\n', [flag])[0]).toContain('found ["a"]')
  expect(problemsIn('http: hello\n', [flag])[0]).toContain('http: found "hello"')
})

test('variables and flags override single values and are named in problems', () => {
  const config = loadConfig({
    environment: { BOOTLACE_HTTP_PORT: '8080', BOOTLACE_DHCP_PROXYPORT: '14011', HOME: '/root' },
  })
  expect([config.http.port, config.dhcp.proxyPort]).toEqual([8080, 14_011])
  expect(() => loadConfig({ environment: { BOOTLACE_HTTP_PORT: 'many' } })).toThrow(
    'BOOTLACE_HTTP_PORT: http.port: found "many", allowed: a port number',
  )
  expect(() => loadConfig({ environment: { BOOTLACE_HTTP_PROT: '1' } })).toThrow(
    'BOOTLACE_HTTP_PROT: there is no such setting',
  )
  expect(
    problemsIn('', [{ path: ['dhcp', 'subnets'], value: [{ network: 'x' }], source: '--subnet' }]),
  ).toEqual([expect.stringMatching(/^--subnet: dhcp\.subnets\[0\]\.network: found "x", allowed/)])
})

test('auto has to wait for an answer, and for a silence that holds a whole round', () => {
  expect(problemsIn('dhcp: { auto: { listen: 0s, probe: 0s, takeover: 0s } }')).toEqual([
    'lab.yaml:1:25: dhcp.auto.listen: must be at least 1s',
    'lab.yaml:1:36: dhcp.auto.probe: must be at least 1s',
    'lab.yaml:1:50: dhcp.auto.takeover: must be longer than dhcp.auto.listen',
  ])
})

test('a section that is none is told which keys it has', () => {
  expect(problemsIn('menu: [1]')[0]).toContain(
    'menu: found [1], allowed: a section with the keys title, timeout, default, graphical, background, entries',
  )
})

test('AUTO_DEPLOY with a word about DHCP is both: mirror and boot server', () => {
  const flags = [
    { path: ['dhcp', 'subnets'], value: [{ network: '10.0.0.0/24' }], source: '--subnet' },
  ]
  const config = loadConfig({ environment: { AUTO_DEPLOY: 'vcsa:6501' }, flags })
  expect([config.dhcp.mode, config.tftp.enabled]).toEqual([undefined, true])
})

test('AUTO_DEPLOY alone is the mirror and nothing else', () => {
  const config = loadConfig({ environment: { AUTO_DEPLOY: 'vcsa.lab.example:6501' } })
  expect(config.mirrors['autodeploy']?.origin.href).toBe('https://vcsa.lab.example:6501/')
  expect(config.dhcp.mode).toBe('off')
  expect(config.tftp.enabled).toBe(false)
})

test('BOOTLACE_CONFIG names the file; empty, as compose passes it on, it names none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bootlace-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'bootlace.yaml')
  writeFileSync(file, 'http: { port: 8080 }\n')
  const named = loadConfig({ environment: { BOOTLACE_CONFIG: file, AUTO_DEPLOY: 'vcsa:6501' } })
  expect([named.http.port, named.dhcp.mode, named.tftp.enabled]).toEqual([8080, undefined, true])
  const none = loadConfig({ environment: { BOOTLACE_CONFIG: '', AUTO_DEPLOY: '' } })
  expect([none.http.port, none.mirrors]).toEqual([80, {}])
})

test('a file that is not there is the user’s to mend', () => {
  expect(() => loadConfig({ file: '/nonexistent/b.yaml' })).toThrow(InputError)
})

test('images are choices like other entries, those that lie in images/ too, and share no name', () => {
  const yaml = `
images:
  photon-5: { source: /srv/photon.iso, title: Photon, args: quiet }
  disk: { source: a.ova }
  rescue: { source: b.ova }
menu: { default: photon-5, entries: [ { name: rescue, title: Rescue, kernel: k } ] }
hosts:
  - { name: a, mac: '52:54:00:00:00:01', boot: photon-5 }
  - { name: b, mac: '52:54:00:00:00:02', boot: dropped }
  - { name: c, mac: '52:54:00:00:00:03', boot: gone }
`
  expect(problemsIn(yaml, [], ['dropped'])).toEqual([
    expect.stringContaining('images.disk: there is an entry disk already; take another name'),
    expect.stringContaining('images.rescue: there is an entry rescue already; take another name'),
    expect.stringMatching(/hosts\[2\]\.boot: there is no entry gone; .*photon-5.*dropped/),
  ])
  expect(problemsIn('images: { x: { args: quiet } }')).toEqual([
    expect.stringContaining('images.x.source: is missing, allowed: a path'),
  ])
})

function bootsOfImage(boot: string): string {
  return `images:
  rocky: { source: rocky.iso }
hosts:
  - { name: a, mac: 52:54:00:12:34:56, boot: ${boot} }
`
}

test('a host may boot what an image has beside its installer', () => {
  expect(parseConfig(bootsOfImage('rocky-rescue'), 'c').hosts[0]?.boot).toBe('rocky-rescue')
  expect(() => parseConfig(bootsOfImage('rocky-rescu'), 'c')).toThrow(
    'there is no entry rocky-rescu',
  )
})
