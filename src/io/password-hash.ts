/**
 * Hashes of passwords: makes them and checks a password against one. SHA-512 and SHA-256 crypt for
 * PXELINUX and for systems that are installed, PBKDF2 in the form that GRUB reads. Knows nothing of
 * who may do what.
 *
 * GRUB 2.12 grub-core/commands/password_pbkdf2.c.
 */
import { pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { Lock } from '../boot/menu/catalog.ts'
import { InputError } from '../core/errors.ts'
import { longestPassword, matchesShaCrypt, shaCrypt } from './sha-crypt.ts'

const derive = promisify(pbkdf2)

/** `$6$…`, with a new salt each time. Throws InputError for a password that crypt does not take. */
export function cryptHash(password: string): string {
  // 16 characters out of crypt's 64.
  const salt = randomBytes(12).toString('base64').replaceAll('+', '.')
  const hash = shaCrypt(password, `$6$${salt}`)
  if (hash !== undefined) return hash
  throw new InputError([
    `the password is longer than the ${longestPassword} octets that crypt takes`,
  ])
}

/** As grub-mkpasswd-pbkdf2 makes it by default. */
const grubRounds = 10_000
const grubOctets = 64

/** `grub.pbkdf2.sha512.10000.SALT.HASH` in upper-case hex, with a new salt each time. */
export async function grubHash(password: string): Promise<string> {
  const salt = randomBytes(grubOctets)
  const hash = await derive(password, salt, grubRounds, grubOctets, 'sha512')
  return ['grub', 'pbkdf2', 'sha512', grubRounds, hex(salt), hex(hash)].join('.')
}

/** Whether the password is that of any of the lock's hashes: they are meant to be of the same. */
export async function opens(lock: Lock, password: string): Promise<boolean> {
  if (lock.crypt !== undefined && matchesShaCrypt(password, lock.crypt)) return true
  return lock.pbkdf2 !== undefined && (await matchesGrub(lock.pbkdf2, password))
}

async function matchesGrub(hash: string, password: string): Promise<boolean> {
  const [, , , rounds = '', salt = '', digest = ''] = hash.split('.')
  const wanted = Buffer.from(digest, 'hex')
  const octets = Buffer.from(salt, 'hex')
  const found = await derive(password, octets, Number(rounds), wanted.length, 'sha512')
  return timingSafeEqual(found, wanted)
}

function hex(octets: Buffer): string {
  return octets.toString('hex').toUpperCase()
}
