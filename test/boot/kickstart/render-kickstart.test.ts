import { expect, test } from 'vitest'
import { exampleVariables } from '../../../src/boot/kickstart/host-variables.ts'
import { type Installer, installers } from '../../../src/boot/kickstart/installers.ts'
import {
  hideSecrets,
  kickstartJson,
  renderKickstart,
} from '../../../src/boot/kickstart/render-kickstart.ts'

const variables = exampleVariables(new Map())

const source = {
  kickstart: 'photon',
  hostname: '${name}',
  disk: '/dev/sda',
  packagelist_file: 'packages_minimal.json',
  password: { crypted: true, text: '$6$abcdefgh$xyz' },
}

function render(value: unknown, installer: Installer) {
  const { findings, ...rest } = renderKickstart(value, variables, installer)
  return { ...rest, errors: findings.filter(({ severity }) => severity === 'error') }
}

function compiled(change: object, installer: Installer) {
  const { config, errors } = render({ ...source, ...change }, installer)
  expect(errors).toEqual([])
  return config as Record<string, unknown>
}

/** `VMware123!` and the key are those of the sample that came with TP2, shortened. */
const ofTp2 = {
  hostname: 'photon-machine',
  password: { crypted: false, text: 'VMware123!' },
  disk: '/dev/sda',
  type: 'minimal',
  additional_packages: ['vim'],
  postinstall: ['#!/bin/sh', 'echo "Hello World" > /etc/postinstall'],
  public_key: 'ssh-rsa AAAA',
}

test('a kickstart of TP2 is written as later installers read it, with a note for each change', () => {
  const { kind, config, errors, notes } = render(ofTp2, '2.9')
  expect({ kind, errors }).toEqual({ kind: 'migrated', errors: [] })
  const { type, ...rest } = ofTp2
  expect(config).toEqual({
    ...rest,
    packagelist_file: 'packages_minimal.json',
    linux_flavor: 'linux',
    bootmode: 'dualboot',
    public_key: { key: 'ssh-rsa AAAA', reason: 'set in the kickstart' },
  })
  expect(notes).toEqual([
    `type: ${type} is now packagelist_file: packages_minimal.json`,
    'linux_flavor: linux is added: the lists hold several kernels',
    'bootmode: dualboot is added: its default is not the same everywhere',
    'public_key is now an object with key and reason',
  ])
})

test.for(installers)('a kickstart of TP2 is good for %s, one way or the other', (installer) => {
  const { kind, errors } = render(ofTp2, installer)
  expect(errors).toEqual([])
  const byType = ['tp2', 'photon1.0', 'photon2.0'].includes(installer)
  expect(kind).toBe(byType ? 'plain' : 'migrated')
})

test('what is left of the past is told, too', () => {
  const { config, notes } = render(
    { ...ofTp2, type: 'full', install_linux_esx: true, swap_partition_size: 512 },
    '2.3',
  )
  expect(config).toMatchObject({
    packagelist_file: 'packages_developer.json',
    linux_flavor: 'linux-esx',
  })
  expect(notes).toContain('install_linux_esx is now linux_flavor: linux-esx')
  expect(notes).toContain('swap_partition_size is left out: write it into partitions')
})

test('a type beside a list is one of those that everybody ignores', () => {
  const { kind } = render({ ...ofTp2, packagelist_file: 'packages_minimal.json' }, '2.7')
  expect(kind).toBe('plain')
})

test('a kickstart with a mistake is not saved by being old', () => {
  expect(render({ ...ofTp2, foo: 1 }, '2.7').errors.map(({ path }) => path)).toEqual([['foo']])
})

test('a kickstart that is no source is left alone', () => {
  const plain = { disk: '/dev/sda', linux_flavor: 'linux', postinstall: ['echo ${name}'] }
  expect(render(plain, '2.7')).toMatchObject({ kind: 'plain', config: plain, notes: [] })
})

test('the key is what each installer wants', () => {
  const text = { public_key: 'ssh-rsa A' }
  const object = { public_key: { key: 'ssh-rsa A', reason: 'to help' } }
  expect(compiled(text, '2.7')['public_key']).toBe('ssh-rsa A')
  expect(compiled(object, '2.7')['public_key']).toBe('ssh-rsa A')
  expect(compiled(object, '2.8')['public_key']).toEqual(object.public_key)
  expect(compiled(text, '2.8')['public_key']).toEqual({
    key: 'ssh-rsa A',
    reason: 'set in the kickstart',
  })
})

test('services are a script where there is no such key, before the line that ends it', () => {
  const change = {
    services: { docker: 'enabled', sshd: 'disabled', telnet: 'masked' },
    postinstall: ['#!/bin/sh', 'true', 'exit 0'],
  }
  expect(compiled(change, '2.9')).toMatchObject(change)
  expect(compiled(change, '2.8')).toMatchObject({
    postinstall: [
      '#!/bin/sh',
      'true',
      'systemctl enable docker',
      'systemctl disable sshd',
      'systemctl mask telnet',
      'exit 0',
    ],
  })
  expect(compiled({ services: { sshd: 'enabled' } }, 'photon3.0')['postinstall']).toEqual([
    '#!/bin/sh',
    'systemctl enable sshd',
  ])
})

test.for([{ sshd: 'on' }, { 'a b; reboot': 'enabled' }])(
  'services %j become no script',
  (services) => {
    expect(render({ ...source, services }, '2.7').errors.map(({ path }) => path)).toEqual([
      ['services'],
    ])
  },
)

test('several disks become paths up to 2.3', () => {
  const change = {
    disk: undefined,
    disks: { default: { device: '/dev/sda' }, data: { device: '/dev/sdb' } },
    partitions: [
      { mountpoint: '/', size: 0 },
      { mountpoint: '/data', size: 0, filesystem: 'xfs', disk_id: 'data' },
    ],
  }
  const clean = JSON.parse(JSON.stringify(change)) as object
  const { disk: _disk, ...withoutDisk } = source
  const config = (installer: Installer) => render({ ...withoutDisk, ...clean }, installer)
  expect(config('2.4').config).toMatchObject(clean)
  expect(config('2.3')).toMatchObject({
    errors: [],
    config: {
      disk: '/dev/sda',
      partitions: [
        { mountpoint: '/', size: 0, filesystem: 'ext4' },
        { mountpoint: '/data', size: 0, filesystem: 'xfs', disk: '/dev/sdb' },
      ],
    },
  })
})

test('keys for one processor are those for all up to 2.3', () => {
  const change = {
    linux_flavor_x86_64: 'linux-esx',
    linux_flavor_aarch64: 'linux',
    packages_x86_64: ['open-vm-tools'],
    packages_aarch64: ['none'],
    additional_packages: ['vim'],
  }
  expect(compiled(change, '2.4')).toMatchObject(change)
  const old = compiled(change, '2.3')
  expect(old).toMatchObject({
    linux_flavor: 'linux-esx',
    additional_packages: ['vim', 'open-vm-tools'],
  })
  expect(Object.keys(old).filter((key) => /x86|aarch/.test(key))).toEqual([])
})

test('2.1 gets the hash by a variable, which is what it thinks it is', () => {
  expect(compiled({}, '2.2')).not.toHaveProperty('preinstall')
  expect(compiled({}, '2.1')).toMatchObject({
    password: { crypted: true, text: '$BOOTLACE_ROOT_HASH' },
    preinstall: ['#!/bin/sh', "export BOOTLACE_ROOT_HASH='$6$abcdefgh$xyz'"],
  })
})

test('TP2 gets what it understands, and a password in any case', () => {
  const { password: _password, ...open } = source
  expect(render(open, 'tp2')).toMatchObject({
    errors: [],
    config: { type: 'minimal', password: { crypted: true, text: '*' } },
  })
  expect(compiled({}, 'tp2')).not.toHaveProperty('bootmode')
})

test('what an old installer would silently not do is an error in a source', () => {
  const change = { network: { type: 'dhcp' } }
  expect(render({ ...source, ...change }, 'photon2.0').errors.map(({ path }) => path)).toEqual([
    ['network'],
  ])
})

test('what no older installer can do is an error', () => {
  const { errors } = render({ ...source, environment: { A: 'b' } }, '2.7')
  expect(errors.map(({ says }) => says)).toEqual(['is a key that 2.7 refuses; known from 2.8 on'])
})

test('the marker has one value', () => {
  expect(render({ ...source, kickstart: 'esxi' }, '2.7').errors[0]?.says).toMatch(/must be photon/)
  expect(compiled({}, '2.7')).not.toHaveProperty('kickstart')
})

test('JSON that every reader takes: no tabs, no unprintable characters, UTF-8', () => {
  const json = kickstartJson({ a: 'tab\tdel\u007F bom\uFEFF c1\u0080 ü 😀' })
  expect(json).toBe('{\n  "a": "tab\\tdel\\u007f bom\\ufeff c1\\u0080 ü 😀"\n}\n')
  expect(JSON.parse(json)).toEqual({ a: 'tab\tdel\u007F bom\uFEFF c1\u0080 ü 😀' })
})

test('secrets are hidden, wherever they are', () => {
  const secret = new Map([...variables, ['vars.join_password', 'geheim'], ['vars.role', 'web']])
  const hidden = hideSecrets(
    {
      hostname: 'web',
      password: { crypted: true, text: '$6$abc$def', age: 3 },
      shadow_password: '*',
      environment: { A: 'x' },
      grub: { password_pbkdf2: 'grub.pbkdf2' },
      postinstall: ["join 'geheim'", 'usermod -p $6$rounds=5000$abcdefgh$0123456789abcdef me'],
    },
    secret,
  )
  expect(hidden).toEqual({
    hostname: 'web',
    password: { crypted: true, text: '(hidden)', age: 3 },
    shadow_password: '*',
    environment: { A: '(hidden)' },
    grub: { password_pbkdf2: '(hidden)' },
    postinstall: ["join '(hidden)'", 'usermod -p (hidden) me'],
  })
})
