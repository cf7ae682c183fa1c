/**
 * crypt(3) with SHA-512 (`$6$`) and SHA-256 (`$5$`), as Linux systems store passwords.
 *
 * "Unix crypt using SHA-256 and SHA-512" (U. Drepper, version 0.6); the numbers are its steps. Our own,
 * since what npm has gives other hashes than the C library for passwords as long as a digest's block.
 */
import { createHash, timingSafeEqual } from 'node:crypto'

const defaultRounds = 5000
const fewestRounds = 1000
const mostRounds = 999_999_999
const longestSalt = 16

/** What libxcrypt takes, in octets of UTF-8: longer ones could not be typed anywhere. */
export const longestPassword = 511

interface Method {
  readonly digest: string
  /** Step 22: which octets make a group of characters, the highest first. */
  readonly groups: readonly (readonly number[])[]
}

const methods: ReadonlyMap<string, Method> = new Map([
  ['5', { digest: 'sha256', groups: [...groupsOf(10, 2), [31, 30]] }],
  ['6', { digest: 'sha512', groups: [...groupsOf(21, 1), [63]] }],
])

/** Each has one octet of each third of the digest, and begins `turn` places later than the last. */
function groupsOf(third: number, turn: number): readonly (readonly number[])[] {
  return Array.from({ length: third }, (_, index) =>
    [0, 1, 2].map((place) => index + third * ((place + index * turn) % 3)),
  )
}

/** `$6$SALT`, `$6$rounds=N$SALT` or a whole hash; undefined where it cannot be done. */
export function shaCrypt(password: string, setting: string): string | undefined {
  const [, kind = '', count, salt = ''] =
    /^\$([56])\$(?:rounds=(\d+)\$)?([^$]*)/.exec(setting) ?? []
  const method = methods.get(kind)
  const octets = Buffer.from(password)
  if (method === undefined || octets.length > longestPassword) return undefined
  const rounds = Math.min(Math.max(Number(count ?? defaultRounds), fewestRounds), mostRounds)
  const used = salt.slice(0, longestSalt)
  const sum = digest(method, { password: octets, salt: Buffer.from(used), rounds })
  const shown = count === undefined ? '' : `rounds=${rounds}$`
  return `$${kind}$${shown}${used}$${encode(sum, method)}`
}

/** Whether the hash is that of the password; takes as long for a wrong one. */
export function matchesShaCrypt(password: string, hash: string): boolean {
  const found = Buffer.from(shaCrypt(password, hash) ?? '')
  const wanted = Buffer.from(hash)
  return found.length === wanted.length && timingSafeEqual(found, wanted)
}

interface Input {
  readonly password: Buffer
  readonly salt: Buffer
  readonly rounds: number
}

function digest(method: Method, { password, salt, rounds }: Input): Buffer {
  const hash = (...parts: readonly Buffer[]): Buffer =>
    createHash(method.digest).update(Buffer.concat(parts)).digest()
  const b = hash(password, salt, password) // 4 to 8
  const mixed = bitsOf(password.length).map((isSet) => (isSet ? b : password))
  const a = hash(password, salt, stretch(b, password.length), ...mixed) // 1 to 3, 9 to 12
  const p = stretch(hash(...repeat(password, password.length)), password.length) // 13 to 16
  const s = stretch(hash(...repeat(salt, 16 + (a[0] ?? 0))), salt.length) // 17 to 20
  let c = a
  for (let round = 0; round < rounds; round += 1) {
    const isOdd = round % 2 === 1 // 21
    const middle = [...(round % 3 === 0 ? [] : [s]), ...(round % 7 === 0 ? [] : [p])]
    c = hash(isOdd ? p : c, ...middle, isOdd ? c : p)
  }
  return c
}

/** The lowest first, up to the highest that is set. */
function bitsOf(value: number): readonly boolean[] {
  return value === 0 ? [] : [value % 2 === 1, ...bitsOf(Math.floor(value / 2))]
}

function repeat(octets: Buffer, times: number): readonly Buffer[] {
  return Array.from({ length: times }, () => octets)
}

/** The octets over and over, cut at the length. */
function stretch(octets: Buffer, length: number): Buffer {
  return Buffer.concat(repeat(octets, Math.ceil(length / octets.length)), length)
}

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Each group of octets, the last one first, six bits a character. */
function encode(sum: Buffer, { groups }: Method): string {
  return groups
    .map((group) => {
      const value = group.reduce((bits, index) => bits * 256 + (sum[index] ?? 0), 0)
      const characters = Math.ceil((group.length * 8) / 6)
      return Array.from(
        { length: characters },
        (_, index) => alphabet[Math.floor(value / 64 ** index) % 64],
      ).join('')
    })
    .join('')
}
