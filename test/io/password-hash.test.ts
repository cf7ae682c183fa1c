import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { cryptHash, grubHash, opens } from '../../src/io/password-hash.ts'
import { matchesShaCrypt, shaCrypt } from '../../src/io/sha-crypt.ts'

/** `openssl passwd -6 -salt abcdefgh geheim`. */
const byOpenssl =
  '$6$abcdefgh$msgktWxVAbjjh3X7lA5LaM7dS/ZfABJL6T4qcRsnjcOTj0kptUvZcrvrXIoO5fgPA9xz6UnF2To2Y7jGc/IZY/'
/** `grub-mkpasswd-pbkdf2 -c 1000 -l 16 -s 16`, of GRUB 2.06. */
const byGrub =
  'grub.pbkdf2.sha512.1000.F579B6F44D3565D79D3DBFF35D5D5B62.5A3018FD01A85CF6B00438EE3534E94A'

test('hashes of others are understood', async () => {
  for (const lock of [{ crypt: byOpenssl }, { pbkdf2: byGrub }]) {
    expect(await opens(lock, 'geheim')).toBe(true)
    expect(await opens(lock, 'Geheim')).toBe(false)
    expect(await opens(lock, '')).toBe(false)
  }
})

test('our own have a new salt each time', async () => {
  const crypt = cryptHash('pässword')
  const pbkdf2 = await grubHash('pässword')
  expect(crypt).toMatch(/^\$6\$[./A-Za-z0-9]{16}\$[./A-Za-z0-9]{86}$/)
  expect(pbkdf2).toMatch(/^grub\.pbkdf2\.sha512\.10000\.[0-9A-F]{128}\.[0-9A-F]{128}$/)
  expect(cryptHash('pässword')).not.toBe(crypt)
  expect(await grubHash('pässword')).not.toBe(pbkdf2)
  expect(await opens({ crypt }, 'pässword')).toBe(true)
  expect(await opens({ pbkdf2 }, 'pässword')).toBe(true)
})

test('either hash of a lock opens it, and a lock without one opens to nobody', async () => {
  expect(await opens({ crypt: byOpenssl, pbkdf2: await grubHash('other') }, 'other')).toBe(true)
  expect(await opens({}, '')).toBe(false)
})

/** glibc's or libxcrypt's, whichever the system has: Perl's `crypt` is a call of it. */
function byLibrary(password: string, setting: string): string {
  const program = 'print crypt($ARGV[0], $ARGV[1])'
  return execFileSync('perl', ['-e', program, password, setting], { encoding: 'utf8' })
}

test.for([
  ['a short one', 'x'],
  ['one with blanks and signs', ' $6$ "quoted" \\ % '],
  ['one that is not ASCII', 'pässwörd – 密码 😀'],
  ['one as long as half a digest', 'a'.repeat(32)],
  ['one as long as a digest', 'a'.repeat(64)],
  ['one as long as a block', 'a'.repeat(128)],
  ['the longest', 'é'.repeat(255)],
  ['one longer than two blocks', 'lang und länger '.repeat(16)],
] as const)('the hash of %s is that of the C library', ([, password]) => {
  const hash = cryptHash(password)
  expect(byLibrary(password, hash)).toBe(hash)
})

test.for([
  ['with rounds', '$6$rounds=1234$saltstring'],
  ['with a short salt', '$6$ab'],
  ['with the most salt', '$6$0123456789abcdef'],
  ['with SHA-256', '$5$rounds=2000$saltstring'],
] as const)('hashes of the C library %s are understood', async ([, setting]) => {
  const crypt = byLibrary('Schlüssel 密', setting)
  expect(crypt.startsWith(setting)).toBe(true)
  expect(await opens({ crypt }, 'Schlüssel 密')).toBe(true)
  expect(await opens({ crypt }, 'Schlüssel')).toBe(false)
})

test('SHA-256, at the lengths where its parts meet', () => {
  for (const length of [0, 1, 31, 32, 33, 64, 128]) {
    const password = 'a'.repeat(length)
    expect(shaCrypt(password, '$5$saltsalt')).toBe(byLibrary(password, '$5$saltsalt'))
  }
})

test('what crypt cannot do', () => {
  expect(shaCrypt('x', '$1$saltsalt')).toBeUndefined()
  expect(() => cryptHash('x'.repeat(512))).toThrow(/longer than the 511 octets/)
  expect(matchesShaCrypt('x', '*')).toBe(false)
})
