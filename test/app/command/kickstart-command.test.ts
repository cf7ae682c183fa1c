import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import { kickstartCommand } from '../../../src/app/command/kickstart-command.ts'
import { keysOf } from '../../../src/boot/kickstart/kickstart-keys.ts'
import { InputError } from '../../../src/core/errors.ts'
import { writeCpio } from '../../../src/wire/linux/cpio.ts'
import { text as octetsOf, writeFiles } from '../../support/image-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'kickstart-'))
afterAll(() => rmSync(folder, { recursive: true }))

let output: string[] = []
let errors: string[] = []

beforeEach(() => {
  output = []
  errors = []
  vi.spyOn(console, 'log').mockImplementation((line) => void output.push(String(line)))
  vi.spyOn(console, 'error').mockImplementation((line) => void errors.push(String(line)))
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output.push(String(text))
    return true
  })
})
afterEach(() => vi.restoreAllMocks())

function write(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

const good = write(
  'good.json',
  '{ "disk": "/dev/sda", "linux_flavor": "linux", "packages": ["minimal"] }',
)
const bad = write('bad.json', '{ "disk": "/dev/sda",\n  "linux_flavour": "linux" }')

test('a good one: 0', async () => {
  expect(await kickstartCommand(['check', good, '--installer', '5.0'])).toBe(0)
  expect(output.join()).toBe(`${good}: good for Photon OS 5.0 (installer 2.3)`)
  expect(errors.join()).toContain('warning: password: is missing')
})

test('a bad one: 2, with line, key and what is allowed', async () => {
  expect(await kickstartCommand(['check', bad, '--installer', '2.7'])).toBe(2)
  expect(errors[0]).toBe(
    `${bad}:2:3: linux_flavour: is a key that 2.7 refuses: is it linux_flavor?`,
  )
  expect(output.join()).toBe(`${bad}: not for 2.7: 1 to mend`)
})

test('as JSON', async () => {
  expect(await kickstartCommand(['check', bad, '--installer', 'v2.7', '--json'])).toBe(2)
  expect(JSON.parse(output.join())).toMatchObject({
    file: bad,
    installer: '2.7',
    verdict: 'refused',
    problems: [{ severity: 'error', line: 2, column: 3, key: 'linux_flavour' }, {}, {}],
  })
})

test.for([
  ['photon3.0', 'photon3.0'],
  ['3.0', 'Photon OS 3.0 (installer photon3.0)'],
  ['photon5.0', 'Photon OS 5.0 (installer 2.3)'],
  ['v2.3', '2.3'],
  ['2.0', '2.0'],
  ['6.0', 'Photon OS 6.0 (installer 2.7)'],
])('--installer %s is %s', async ([asked = '', name]) => {
  expect(await kickstartCommand(['check', good, '--installer', asked])).toBe(0)
  expect(output.join()).toBe(`${good}: good for ${name}`)
})

test('as JSON the release that was asked for stands beside its installer', async () => {
  expect(await kickstartCommand(['check', good, '--installer', '5.0', '--json'])).toBe(0)
  expect(JSON.parse(output.join())).toMatchObject({ installer: '2.3', release: '5.0' })
})

test('without an installer: good when the newest takes it, and who else does', async () => {
  const only = write('only.json', '{ "disk": "/dev/sda", "linux_flavor": "linux", "services": {} }')
  expect(await kickstartCommand(['check', only])).toBe(0)
  expect(output[0]).toMatch(/: good for 2\.9, master$/)
  expect(output[1]).toMatch(/^not for tp2, .*, 2\.8; --installer V says why$/)
  expect(await kickstartCommand(['check', only, '--json'])).toBe(0)
  expect(JSON.parse(output[2] ?? '')).toHaveLength(17)
})

test('without an installer: what the oldest ones do not look at is refused all the same', async () => {
  const old = '"hostname": "a", "password": { "crypted": true, "text": "*" }, "type": "minimal"'
  const broken = write('broken.json', `{ "disk": "/dev/sda", ${old},\n  "bootmod": "bios" }`)
  expect(await kickstartCommand(['check', broken])).toBe(2)
  expect(errors[0]).toMatch(/:2:3: bootmod: is a key that master refuses/)
  expect(output.slice(-2)).toEqual([
    `${broken}: not for master, the newest installer: 1 to mend`,
    expect.stringMatching(/^good for tp2, photon1\.0, .*; --installer V checks for one$/),
  ])
})

test('that nobody takes it: what the newest says', async () => {
  expect(await kickstartCommand(['check', write('empty.json', '[]')])).toBe(2)
  expect(output.join()).toContain('not for master')
  expect(output.join()).not.toContain('good for')
})

test('values for a source', async () => {
  const source = write('source.yaml', 'kickstart: photon\ndisk: /dev/sda\nhostname: ${vars.name}\n')
  expect(await kickstartCommand(['check', source, '--installer', '2.7'])).toBe(2)
  expect(errors[0]).toContain('hostname: needs vars.name')
  expect(await kickstartCommand(['check', source, '--installer', '2.7', '--var', 'name=a'])).toBe(0)
})

test.for([
  [['check', good, '--installer', '7']],
  [['check', good, '--var', 'x']],
  [['check', join(folder, 'none.json')]],
  [['check']],
  [['chek', good]],
  [['check', good, good]],
])('%j is no command', ([args]) => {
  expect(() => kickstartCommand(args ?? [])).toThrow(InputError)
})

const hash = '$6$saltsaltsaltsalt$0123456789abcdef'
const config = write(
  'bootlace.yaml',
  `dhcp:
  subnets:
    - { network: 192.168.50.0/24, gateway: 192.168.50.1, dns: [192.168.50.2] }
hosts:
  - name: web-01
    mac: 52:54:00:12:34:56
    address: 192.168.50.10
    kickstart: kickstarts/photon-static.yaml
    vars: { password_hash: '${hash}', ssh_key: ssh-ed25519 AAAA me }
  - name: web-02
    mac: 52:54:00:12:34:57
    kickstart: kickstarts/photon-static.yaml
  - { name: bare, mac: '52:54:00:12:34:58' }
`,
)

function render(name: string, ...more: string[]): Promise<number> {
  return kickstartCommand(['render', name, '--installer', '2.9', '--config', config, ...more])
}

test('what a host gets, without its secrets', async () => {
  expect(await render('web-01')).toBe(0)
  const text = output.join('')
  expect(JSON.parse(text)).toMatchObject({
    hostname: 'web-01',
    password: { crypted: true, text: '(hidden)' },
    public_key: { key: 'ssh-ed25519 AAAA me' },
    network: {
      type: 'static',
      ip_addr: '192.168.50.10',
      netmask: '255.255.255.0',
      gateway: '192.168.50.1',
      nameserver: '192.168.50.2',
    },
  })
  expect(text).not.toContain(hash)
})

test('and with them', async () => {
  expect(await render('web-01', '--secrets')).toBe(0)
  expect(JSON.parse(output.join(''))).toMatchObject({ password: { text: hash } })
  expect(await render('web-01', '--secrets', '--json')).toBe(0)
  expect(JSON.parse(output[1] ?? '')).toMatchObject({
    host: 'web-01',
    verdict: 'good',
    kickstart: { password: { text: hash } },
  })
})

test('a host that lacks what the source needs', async () => {
  expect(await render('web-02')).toBe(2)
  expect(output).toEqual([])
  expect(errors[0]).toMatch(/photon-static\.yaml:\d+:\d+: network\.ip_addr: has \$\{address\}/)
})

test.for([
  ['bare', /has no kickstart/],
  ['web-03', /there is no host web-03 .*; there are web-01, web-02, bare/],
] as const)('host %s', async ([name, says]) => {
  await expect(render(name)).rejects.toThrow(says)
})

test('check of a host: with its values, and not what it gets', async () => {
  const args = ['--installer', '2.9', '--config', config]
  expect(await kickstartCommand(['check', 'web-01', ...args])).toBe(0)
  expect(output.at(-1)).toBe(
    'kickstarts/photon-static.yaml: good for web-01, whose installer is 2.9',
  )
  expect(await kickstartCommand(['check', 'web-02', ...args])).toBe(2)
  expect(errors[0]).toMatch(/photon-static\.yaml:\d+:\d+: network\.ip_addr: has \$\{address\}/)
  expect(output.at(-1)).toMatch(/not for web-02, whose installer is 2\.9: \d to mend/)
  await expect(kickstartCommand(['check', 'web-03', ...args])).rejects.toThrow('no host web-03')
})

test('check of a host: the installer is the one in its image', async () => {
  const image = join(folder, 'photon')
  const keys = keysOf('2.7').map((key) => `'${key}'`)
  const octets = octetsOf(`known_keys = {${keys.join(', ')}}`)
  const path = 'usr/lib/python3.11/site-packages/photon_installer/installer.py'
  writeFiles(image, {
    PHOTON_VMWARE_CD: octetsOf(''),
    'isolinux/vmlinuz': octetsOf('kernel'),
    'isolinux/initrd.img': writeCpio([{ type: 'file', path, mode: 0o644, octets }], 0),
    'RPMS/repodata/repomd.xml': octetsOf('<repomd/>'),
    'RPMS/noarch/photon-release-5.0-1.ph5.noarch.rpm': octetsOf('rpm'),
  })
  const site = write(
    'image.yaml',
    `images: { photon-5: { source: ${image}, kickstart: kickstarts/photon-minimal.yaml } }
hosts: [{ name: web-01, mac: '52:54:00:12:34:56', boot: photon-5 }]
`,
  )
  expect(await kickstartCommand(['check', 'web-01', '--config', site])).toBe(0)
  expect(output.at(-1)).toMatch(/good for web-01, whose installer is 2\.7$/)
  expect(await kickstartCommand(['render', 'web-01', '--config', site])).toBe(0)
  expect(output.at(-1)).toContain('/dev/tcp/')
})

test("other systems' files: told by their text, filled in and checked", async () => {
  expect(await kickstartCommand(['check', 'kickstarts/rhel-minimal.ks'])).toBe(0)
  expect(output).toEqual(['kickstarts/rhel-minimal.ks: good as Red Hat kickstart'])
  const wrong = write('wrong.ks', 'text\nrebot\n%packages\n%end\n')
  expect(await kickstartCommand(['check', wrong])).toBe(2)
  expect(errors).toEqual([`${wrong}:2: rebot: is unknown to the installer; is it reboot?`])
  expect(await kickstartCommand(['check', wrong, '--json'])).toBe(2)
  expect(JSON.parse(output.at(-1) ?? '')).toMatchObject({
    verdict: 'refused',
    problems: [{ line: 2 }],
  })
})

test.for([
  [
    'kickstarts/ubuntu-server.yaml',
    ['==> user-data <==', '==> meta-data <==', '==> vendor-data <=='],
  ],
  ['kickstarts/rhel-minimal.ks', []],
  ['kickstarts/opensuse-minimal.xml', []],
  ['kickstarts/alpine-disk.answers', ['==> answers <==', '==> alpine.apkovl.tar.gz <==']],
  ['kickstarts/coreos-minimal.ign', ['==> config.ign <==', '==> live.ign <==']],
  ['kickstarts/talos-worker.yaml', []],
] as const)('render %s: its files, without secrets', async ([file, heads]) => {
  const secret = 'a-secret-of-the-cluster'
  const names = ['token', 'ca', 'cluster_id', 'cluster_secret', 'cluster_token', 'cluster_ca']
  const talos = [
    ...names.map((name) => `talos_${name}: ${secret}`),
    'talos_endpoint: https://a',
  ].join(', ')
  const own = write(
    'others.yaml',
    `hosts:\n  - { name: a, mac: '52:54:00:12:34:56', kickstart: ${file}, vars: { password_hash: '${hash}', ${talos} } }\n`,
  )
  const shown: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => shown.push(String(text)) > 0)
  expect(await kickstartCommand(['render', 'a', '--config', own])).toBe(0)
  expect(output).toEqual([...heads])
  expect(shown.join('')).not.toContain(hash)
  if (file.includes('talos')) expect(shown.join('')).toMatch(/token: \(hidden\)/)
  expect(shown.join('')).not.toMatch(/\$\{(name|vars|done|answers)/)
  expect(await kickstartCommand(['render', 'a', '--config', own, '--show-secrets'])).toBe(0)
  if (!/talos|alpine/.test(file)) expect(shown.join('')).toContain(hash)
})
