/** What each host gets: the samples as they stand, every file with its name, and who is told what. */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { parseConfig } from '../../../src/app/config/config.ts'
import { type FileFormat, renderAnswers } from '../../../src/app/kickstart/answer-files.ts'
import { hostAnswers, withUrls } from '../../../src/app/kickstart/host-answers.ts'
import { formatOf } from '../../../src/boot/kickstart/answer-format.ts'
import { exampleVariables } from '../../../src/boot/kickstart/host-variables.ts'
import type { KnownImage } from '../../../src/app/image-entries.ts'
import { openNetbootImage } from '../../../src/io/image/netboot-image.ts'
import type { AnswerFile } from '../../../src/boot/install/answers.ts'
import { testFolder, text, writeFiles } from '../../support/image-files.ts'

const urls = {
  server: 'http://192.0.2.2',
  answers: 'http://192.0.2.2/ks/0123abcd',
  done: 'http://192.0.2.2/ks/0123abcd/done',
  image: 'http://192.0.2.2/boot/it',
}

const samples = globSync('kickstarts/*').filter((file) => !/photon-|README|esxi/.test(file))
const talosVars = ['token', 'ca', 'cluster_id', 'cluster_secret', 'cluster_token', 'cluster_ca']
const needed = new Map<string, string>([
  ...talosVars.map((name) => [`talos_${name}`, `value-of-${name}`] as const),
  ['talos_endpoint', 'https://192.0.2.5:6443'],
])
const keyAndHash = [
  ['ssh_key', 'ssh-ed25519 AAAA you@desk'],
  ['password_hash', '$6$salt$hash'],
] as const

function rendered(file: string, vars: ReadonlyMap<string, string>) {
  const source = readFileSync(file, 'utf8')
  const format = formatOf(source)
  if (format === undefined || format === 'photon') throw new Error(`${file}: of no known format`)
  return renderAnswers(source, withUrls(exampleVariables(vars), urls), { format })
}

function whole({ text: content, octets }: AnswerFile): string {
  return octets === undefined ? content : gunzipSync(octets).toString()
}

test('there is a sample for each system that installs itself unattended', () => {
  const formats = new Set(samples.map((file) => formatOf(readFileSync(file, 'utf8'))))
  expect(formats).toEqual(
    new Set([
      'agama',
      'alpine',
      'anaconda',
      'autoyast',
      'cloud-config',
      'cloud-init',
      'ignition',
      'preseed',
      'shell',
      'sysrescue',
      'talos',
    ]),
  )
})

test.for(samples)('%s works as it stands, and with a key and a hash', (file) => {
  for (const vars of [needed, new Map([...needed, ...keyAndHash])]) {
    const { files, problems } = rendered(file, vars)
    expect(problems).toEqual([])
    const all = files.map(whole).join('\n')
    expect(all).not.toMatch(/\$\{(name|vars|done|answers|image)/)
    if (!file.includes('talos')) expect(all).toContain(urls.done)
    if (vars.has('ssh_key') && !file.includes('talos')) expect(all).toContain('AAAA')
  }
})

test.for(samples.filter((file) => file.endsWith('.sh')))(
  '%s is a script that bash reads',
  (file) => {
    const [script] = rendered(file, new Map(keyAndHash)).files
    execFileSync('bash', ['-n'], { input: script?.text ?? '' })
  },
)

test('cloud-init gets a seed of three files', () => {
  const { files } = rendered('kickstarts/ubuntu-server.yaml', new Map())
  expect(files.map(({ name }) => name)).toEqual(['user-data', 'meta-data', 'vendor-data'])
  expect(files[1]?.text).toBe(
    '{"instance-id":"example-52:54:00:12:34:56","local-hostname":"example"}\n',
  )
})

test('Fedora CoreOS and Flatcar get a live system that writes the disk and reports', () => {
  const source = readFileSync('kickstarts/coreos-minimal.ign', 'utf8')
  const variables = withUrls(exampleVariables(new Map([['disk', '/dev/vda']])), urls)
  const live = (system: string) => {
    const { files } = renderAnswers(source, variables, { format: 'ignition', system })
    const parsed = JSON.parse(files[1]?.text ?? '') as {
      systemd: { units: { contents: string }[] }
    }
    return parsed.systemd.units[0]?.contents.split('\n').filter((line) => line.startsWith('Exec'))
  }
  const after = [
    'ExecStart=-/usr/bin/curl -fsS http://192.0.2.2/ks/0123abcd/done',
    'ExecStart=/usr/bin/systemctl reboot',
  ]
  expect(live('coreos')).toEqual([
    'ExecStart=/usr/bin/coreos-installer install /dev/vda --insecure-ignition --ignition-url http://192.0.2.2/ks/0123abcd/config.ign',
    ...after,
  ])
  expect(live('flatcar')).toEqual([
    'ExecStart=/usr/bin/curl -fsS -o /run/config.ign http://192.0.2.2/ks/0123abcd/config.ign',
    'ExecStart=/usr/bin/flatcar-install -d /dev/vda -i /run/config.ign',
    ...after,
  ])
})

test.for(['/dev/sda; reboot', '/dev/%H', '/dev/', 'sda', '--version', '/dev/sd a'])(
  'a disk that is none, %s, goes into no unit of systemd',
  (disk) => {
    const source = readFileSync('kickstarts/coreos-minimal.ign', 'utf8')
    const variables = exampleVariables(new Map([['disk', disk]]))
    expect(renderAnswers(source, variables, { format: 'ignition' }).problems).toEqual([
      { says: `vars.disk: found ${disk}, allowed: a path such as /dev/sda` },
    ])
  },
)

test.for(['/dev/disk/by-path/pci-0000:00:1f.2-ata-1', '/dev/nvme0n1', ''])(
  'the disk %s does',
  (disk) => {
    const source = readFileSync('kickstarts/coreos-minimal.ign', 'utf8')
    const variables = exampleVariables(new Map([['disk', disk]]))
    expect(renderAnswers(source, variables, { format: 'ignition' }).problems).toEqual([])
  },
)

test('Alpine gets its settings packed, as tar reads them', () => {
  const { files } = rendered('kickstarts/alpine-disk.answers', new Map(keyAndHash))
  const overlay = files.find(({ name }) => name === 'alpine.apkovl.tar.gz')
  const folder = testFolder()
  const listed = execFileSync('tar', ['-tvzf', '-'], { input: overlay?.octets, encoding: 'utf8' })
  expect(listed.split('\n').map((line) => line.replaceAll(/\s+\d+ 20\d\d-\S+ \S+/g, ''))).toEqual([
    'drwxr-xr-x root/root etc/',
    'drwxr-xr-x root/root etc/local.d/',
    'drwxr-xr-x root/root etc/runlevels/',
    'drwxr-xr-x root/root etc/runlevels/default/',
    '-rw-r--r-- root/root etc/.default_boot_services',
    '-rw------- root/root etc/bootlace.answers',
    '-rwx------ root/root etc/local.d/bootlace.start',
    'lrwxrwxrwx root/root etc/runlevels/default/local -> /etc/init.d/local',
    '',
  ])
  execFileSync('tar', ['-xzf', '-', '-C', folder], { input: overlay?.octets })
  const script = readFileSync(join(folder, 'etc/local.d/bootlace.start'), 'utf8')
  expect(script).toContain("export ERASE_DISKS='/dev/sda'\n")
  expect(script).toContain("echo 'root:$6$salt$hash' | chpasswd -e\n")
  execFileSync('sh', ['-n'], { input: script })
  execFileSync('sh', ['-n', join(folder, 'etc/bootlace.answers')])
})

const config = (folder: string, kickstart: string) =>
  parseConfig(
    `hosts:
  - { name: web-01, mac: 52:54:00:12:34:56, boot: it, vars: { role: web } }
images:
  it: { source: ${folder}/it, kickstart: ${kickstart} }
`,
    'bootlace.yaml',
  )

async function imageAt(folder: string, files: Readonly<Record<string, string>>) {
  const octets = Object.entries(files).map(([path, content]) => [path, text(content)] as const)
  const image = await openNetbootImage(writeFiles(join(folder, 'it'), Object.fromEntries(octets)))
  return { image: { name: 'it', image } satisfies KnownImage, close: () => image.close() }
}

test("the image's system decides how the file is read", async () => {
  const folder = testFolder()
  const file = join(folder, 'file')
  writeFileSync(file, '# nothing tells\nreboot\n')
  const { image, close } = await imageAt(folder, {
    '.discinfo': '',
    'images/pxeboot/vmlinuz': '',
    'images/pxeboot/initrd.img': '',
  })
  const answers = hostAnswers({ config: config(folder, file), imageOf: () => image })
  expect(await answers('web-01', urls)).toEqual([
    { name: 'ks.cfg', type: 'text/plain; charset=utf-8', text: '# nothing tells\nreboot\n' },
  ])
  writeFileSync(file, 'reboot\n\nnetwork --hostname=${nam}\n')
  await expect(answers('web-01', urls)).rejects.toThrow(
    `${file}:3: has \${nam}, which is no variable`,
  )
  await close()
})

test('what is wrong is told without the values of secrets', async () => {
  const folder = testFolder()
  const file = join(folder, 'file')
  writeFileSync(file, 'd-i a/b boolean ${vars.password}\n')
  const known = config(folder, file)
  const hosts = known.hosts.map((host) => ({ ...host, vars: { password: 's3cret' } }))
  const answers = hostAnswers({ config: { ...known, hosts }, imageOf: () => undefined })
  await expect(answers('web-01', urls)).rejects.toThrow(`${file}:1: a/b: found (hidden), allowed`)
})

test('a host without a file, or whose file is not there, is told so', async () => {
  const folder = testFolder()
  const answers = hostAnswers({
    config: config(folder, `${folder}/none`),
    imageOf: () => undefined,
  })
  await expect(answers('web-01', urls)).rejects.toThrow(`${folder}/none: cannot be read`)
  await expect(answers('web-02', urls)).rejects.toThrow('there is no host web-02')
})

test.for<FileFormat>(['preseed', 'anaconda', 'esxi', 'shell', 'autoyast'])(
  '%s: the same source gives the same octets',
  (format) => {
    const once = () => renderAnswers('<profile>\n</profile>', new Map(), { format })
    expect(once()).toEqual(once())
  },
)
