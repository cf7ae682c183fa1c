/** The sample preseed, and the page about Debian, as a user takes them. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { renderAnswers } from '../../../src/app/kickstart/answer-files.ts'
import { parseConfig } from '../../../src/app/config/config.ts'
import { exampleVariables } from '../../../src/boot/kickstart/host-variables.ts'

const sample = readFileSync('kickstarts/debian-minimal.preseed', 'utf8')

function rendered(vars: Readonly<Record<string, string>> = {}): string {
  const own = Object.entries(vars).map(([name, value]) => [`vars.${name}`, value] as const)
  const urls = [['done', 'http://192.0.2.2/ks/token/done']] as const
  const variables = new Map([...exampleVariables(new Map()), ...urls, ...own])
  const { files, problems } = renderAnswers(sample, variables, { format: 'preseed' })
  expect(problems).toEqual([])
  expect(files.map(({ name }) => name)).toEqual(['preseed.cfg'])
  return files[0]?.text ?? ''
}

/** Question → value, lines that go on in the next put together. */
function valuesOf(text: string): Map<string, string> {
  const lines = text.replaceAll('\\\n', '').matchAll(/^\S+ (\S+\/\S+) (?:\w+) ?(.*)$/gm)
  return new Map([...lines].map(([, question = '', value = '']) => [question, value]))
}

test('the sample needs no value of one’s own: packages by our mirror, root locked', () => {
  const values = valuesOf(rendered())
  expect(values.get('mirror/http/hostname')).toBe('192.0.2.2:5400')
  expect(values.get('apt-setup/security_host')).toBe('192.0.2.2:5400')
  expect(values.get('netcfg/hostname')).toBe('example')
  expect(values.get('passwd/root-password-crypted')).toBe('*')
  expect(values.get('preseed/late_command')).toContain('http://192.0.2.2/ks/token/done')
  expect(values.get('preseed/late_command')).not.toContain('authorized_keys')
})

test('what a host says of itself is in it', () => {
  const key = "ssh-ed25519 AAAA you'd@desk"
  const values = valuesOf(
    rendered({ ssh_key: key, disk: '/dev/vdb', packages: 'vim', time_zone: 'Europe/Berlin' }),
  )
  expect(values.get('partman/early_command')).toContain('disk=/dev/vdb;')
  expect(values.get('pkgsel/include')).toBe('openssh-server vim')
  expect(values.get('time/zone')).toBe('Europe/Berlin')
  expect(values.get('preseed/late_command')).toContain("echo 'ssh-ed25519 AAAA you'\\''d@desk' >")
})

test.for(['preseed/early_command', 'partman/early_command', 'preseed/late_command'])(
  '%s is shell',
  (question) => {
    const input = valuesOf(rendered({ ssh_key: 'a b' })).get(question)
    expect(input).toBeTruthy()
    execFileSync('sh', ['-n'], { input, stdio: ['pipe', 'pipe', 'pipe'] })
  },
)

/** What its command makes of two disks. */
function chosenDisk(vars: Readonly<Record<string, string>>): string {
  const command = valuesOf(rendered(vars)).get('partman/early_command') ?? ''
  const stubs = `list_devices() { printf '/dev/vda\\n/dev/vdb\\n'; }; debconf_set() { echo "$1=$2"; }`
  const script = `${stubs}\n${command.replaceAll(/(list|debconf)-/g, '$1_')}`
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).trim()
}

test('the first disk is taken, or the one that the host names', () => {
  expect(chosenDisk({})).toBe('partman-auto/disk=/dev/vda')
  expect(chosenDisk({ disk: '/dev/sdb' })).toBe('partman-auto/disk=/dev/sdb')
})

test('the configurations of its page are right', () => {
  const page = readFileSync('docs/systems/debian.md', 'utf8')
  const blocks = [...page.matchAll(/```yaml\n([^`]*)```/g)].map(([, text = '']) => text)
  const [config = '', ...others] = blocks
  expect(others).toHaveLength(1)
  const { hosts, mirrors } = parseConfig(config, 'docs')
  expect(hosts[0]).toMatchObject({ name: 'web-01', boot: 'debian-13' })
  expect(mirrors['debian']).toMatchObject({ profile: 'debian-archive', port: 5400 })
  for (const other of others) expect(parseConfig(other, 'docs').images).toHaveProperty('debian-13')
})
