/**
 * The hashes that a password may be written as in the configuration. A password that somebody wrote
 * as it is typed must not be shown in an error message: so the schema takes anything here, and what
 * is wrong is said without saying what was found.
 */
import type { Lock } from '../../boot/menu/catalog.ts'

/** At most 99999 rounds: the service computes them while others wait. */
const crypt =
  /^\$(?:6\$(?:rounds=[1-9]\d{3,4}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{86}|5\$(?:rounds=[1-9]\d{3,4}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43})$/
const pbkdf2 = /^grub\.pbkdf2\.sha512\.[1-9]\d{0,5}(?:\.(?:[0-9A-F]{2}){8,128}){2}$/

export const lockAllowed =
  'is no hash: run "bootlace hash-password" and put here what it prints, $6$… ' +
  '(with --grub grub.pbkdf2.sha512.…, for the GRUB menu), or a list of both; ' +
  'a password itself never stands in a configuration'

/** One hash or a list of them, one of each kind; undefined for anything else. */
export function parseLock(value: unknown): Lock | undefined {
  const hashes: readonly unknown[] = Array.isArray(value) ? value : [value]
  const texts = hashes.filter((hash) => typeof hash === 'string')
  const lock = {
    crypt: texts.find((text) => crypt.test(text)),
    pbkdf2: texts.find((text) => pbkdf2.test(text)),
  }
  const known = [lock.crypt, lock.pbkdf2].filter((hash) => hash !== undefined)
  return known.length > 0 && known.length === hashes.length ? lock : undefined
}
