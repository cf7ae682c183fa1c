/**
 * Formats of single values in a kickstart: devices, names, packages, keys, hashes.
 */
import {
  type Format,
  error,
  flag,
  inside,
  isObject,
  listOf,
  mapOf,
  record,
  text,
  warning,
} from './formats.ts'
import { isBefore } from './installers.ts'

/** Where a device cannot be given but by its path: Linux names no other. */
const devicePath = text('the path of a disk such as /dev/sda', /^\/dev\/[A-Za-z0-9_.:/+@-]+$/)

export const device: Format = (value, place) => {
  const isPart =
    typeof value === 'string' &&
    /^\/dev\/(?:[shv]d[a-z]+\d+|(?:nvme\d+n\d+|mmcblk\d+)p\d+)$/.test(value)
  return isPart
    ? [warning(place.path, `${value} is a partition: the installer wants the whole disk`)]
    : devicePath(value, place)
}

/** Empty means the default. Older installers give it to a shell. */
export const hostname = text(
  'a host name of letters, digits, "-" and dots, each part at most 63 long',
  /^(?:(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*)?$/,
)

export const packages = listOf(
  text('a package, NAME or NAME=VERSION', /^[A-Za-z0-9][A-Za-z0-9._+-]*(?:=[A-Za-z0-9._+~^:-]+)?$/),
  'packages',
)

/** One line, as a file `authorized_keys` has them. */
const keyLine = text('a public key such as "ssh-ed25519 AAAA… name"', /^[^\n\r\0]+$/)
const keyWithReason = record({
  key: { format: keyLine, isRequired: true },
  reason: { format: text('why this key is there'), isRequired: true },
})

/** Of the wrong kind it ends the install after the disk was wiped. */
export const publicKey: Format = (value, place) => {
  const isOld = isBefore(place.installer, '2.8')
  if (isOld && isObject(value)) {
    return [error(place.path, `must be text for ${place.installer}; an object only from 2.8 on`)]
  }
  if (!isOld && typeof value === 'string') {
    return [
      error(
        place.path,
        'must be an object from 2.8 on: { "key": "ssh-…", "reason": "why it is there" }',
      ),
    ]
  }
  return isOld ? keyLine(value, place) : keyWithReason(value, place)
}

export const environment: Format = (value, place) => {
  const values = mapOf(text('text; numbers in quotes', /^[^\0]*$/), 'an object of variables')
  const names = isObject(value) ? Object.keys(value) : []
  return [
    ...values(value, place),
    ...names
      .filter((name) => name.trim() === '' || /[=\0]/.test(name))
      .map((name) => error([...place.path, name], 'is no name for a variable')),
  ]
}

/** A line of a .repo file each; tdnf knows what they mean. */
export const repository: Format = (value, place) => {
  if (!isObject(value)) return [error(place.path, 'must be an object with name and baseurl')]
  const hasUrl = ['baseurl', 'metalink', 'mirrorlist'].some((key) => key in value)
  return [
    ...(hasUrl ? [] : [error([...place.path, 'baseurl'], 'is missing')]),
    ...Object.entries(value).flatMap(([key, one]) =>
      typeof one === 'number' ? [] : repositoryValue(one, inside(place, key)),
    ),
  ]
}

const repositoryValue: Format = (value, place) =>
  typeof value === 'boolean'
    ? flag(value, place)
    : text('one line of text, a number, true or false', /^[^\n\r\0]*$/)(value, place)

/** As grub-mkpasswd-pbkdf2 prints it with its own lengths. */
const placeholder = 'grub.pbkdf2.sha512.10000.REPLACEWITHHASH'
const grubHashPattern = /^grub\.pbkdf2\.sha512\.0*[1-9]\d*\.[0-9A-Fa-f]{128}\.[0-9A-Fa-f]{128}$/

export const grubHash: Format = (value, place) => {
  if (value === placeholder) return []
  return typeof value === 'string' && grubHashPattern.test(value)
    ? []
    : [
        error(
          place.path,
          'is no such hash, allowed: grub.pbkdf2.sha512.ITERATIONS.SALT.HASH with 128 hex digits ' +
            'each (bootlace hash-password --grub prints one), or null',
        ),
      ]
}
