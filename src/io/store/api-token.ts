/**
 * The token that orders through the API must bring: a file in the data folder that only its owner
 * may read. Made at the first start; whoever deletes it gets another one.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { SystemError, codeOf, messageOf, unreadable } from '../../core/errors.ts'
import { makePrivate } from './private-file.ts'

/** 192 bits, in letters that no shell, no header and no kernel's command line minds. */
export function newSecret(): string {
  return randomBytes(24).toString('base64url')
}

/** Undefined where there is no such file. Throws SystemError. */
export function readApiToken(file: string): string | undefined {
  let token: string
  try {
    token = readFileSync(file, 'utf8').trim()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new SystemError(`${file} cannot be read: ${unreadable(error)}`, { cause: error })
  }
  if (/^[\w-]{20,}$/.test(token)) return token
  throw new SystemError(`${file} holds no token: delete it, and start the service again`)
}

/** Makes it where there is none. Throws SystemError. */
export function openApiToken(file: string): string {
  const known = readApiToken(file)
  const token = known ?? newSecret()
  try {
    makePrivate(file)
    if (known === undefined) writeFileSync(file, `${token}\n`)
  } catch (error) {
    throw new SystemError(`${file} cannot be made: ${messageOf(error)}`, { cause: error })
  }
  return token
}
