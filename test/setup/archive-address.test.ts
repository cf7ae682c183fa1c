import { expect, test } from 'vitest'
import { archiveAddress } from '../../src/setup/archive-address.ts'

const debian12 = `Types: deb
# a comment in between
URIs: http://archive.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://archive.example/debian-security
Suites: bookworm-security
Components: main
`

test.for([
  {
    name: 'deb822, as Debian writes it',
    file: 'debian.sources',
    text: debian12,
    address: 'http://archive.example/debian',
  },
  {
    name: 'security first',
    file: 'debian.sources',
    text: debian12.split('\n\n').toReversed().join('\n\n'),
    address: 'http://archive.example/debian',
  },
  {
    name: 'a paragraph that is switched off',
    file: 'a.sources',
    text: 'Enabled: no\nTypes: deb\nURIs: http://old/debian\nSuites: trixie\nComponents: main\n',
    address: undefined,
  },
  {
    name: 'only sources of packages',
    file: 'a.sources',
    text: 'Types: deb-src\nURIs: http://old/debian\nSuites: trixie\nComponents: main\n',
    address: undefined,
  },
  {
    name: 'values on lines of their own',
    file: 'a.sources',
    text: 'Types: deb\nURIs:\n  http://mirror.example/debian/\nSuites:\n  trixie\n  trixie-updates\nComponents: main contrib\n',
    address: 'http://mirror.example/debian',
  },
  {
    name: 'a list of mirrors, as cloud images have it',
    file: 'a.sources',
    text: 'Types: deb deb-src\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: bookworm\nComponents: main\n',
    address: 'mirror+file:///etc/apt/mirrors/debian.list',
  },
  {
    name: 'one line each',
    file: 'sources.list',
    text: 'deb cdrom:[Debian]/ bookworm main\n# deb http://no/debian bookworm main\ndeb [arch=amd64 signed-by=/k.gpg] http://ftp.example/debian/ bookworm main # ours\n',
    address: 'http://ftp.example/debian',
  },
  {
    name: 'only a third party',
    file: 'node.list',
    text: 'deb [signed-by=/k.gpg] https://packages.example/node nodistro main\n',
    address: undefined,
  },
  {
    name: 'another distribution',
    file: 'ubuntu.sources',
    text: 'Types: deb\nURIs: http://other.example/ubuntu\nSuites: noble\nComponents: main\n',
    address: undefined,
  },
])('$name: $address', ({ file, text, address }) => {
  expect(archiveAddress([{ name: file, text }])).toBe(address)
})

test('the first file with an archive of Debian is asked', () => {
  const files = [
    { name: 'google.list', text: 'deb https://packages.example/apt cloud main\n' },
    { name: 'debian.sources', text: debian12 },
  ]
  expect(archiveAddress(files)).toBe('http://archive.example/debian')
})
