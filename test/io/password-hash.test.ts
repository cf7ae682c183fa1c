import { expect, test } from 'vitest'
import { cryptHash, grubHash, opens } from '../../src/io/password-hash.ts'

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
