/**
 * A certificate and its key as files that somebody renews while we run: read again when one of them
 * has changed, and taken only when both fit each other; until then the old ones stay.
 */
import { readFileSync, statSync } from 'node:fs'
import { type SecureContextOptions, createSecureContext } from 'node:tls'
import { messageOf } from '../../core/errors.ts'

export interface CertificatePaths {
  /** PEM, with the chain behind it. */
  readonly certificate: string
  /** PEM, without a password. */
  readonly key: string
}

export type CertificateChange =
  | { readonly type: 'same' }
  | { readonly type: 'renewed'; readonly options: SecureContextOptions }
  /** Told once for each state of the files. */
  | { readonly type: 'refused'; readonly reason: string }

export class CertificateFiles {
  readonly #paths: CertificatePaths
  /** The state of the files that was looked at last, whatever came of it. */
  #seen = ''

  constructor(paths: CertificatePaths) {
    this.#paths = paths
  }

  /** The first look; throws when they cannot be read or do not fit each other. */
  read(): SecureContextOptions {
    this.#seen = this.#state()
    return this.#load()
  }

  /** A later look. */
  look(): CertificateChange {
    if (this.#state() === this.#seen) return { type: 'same' }
    try {
      return { type: 'renewed', options: this.read() }
    } catch (error) {
      return { type: 'refused', reason: messageOf(error) }
    }
  }

  /** That a file is missing is a state, too. */
  #state(): string {
    try {
      return [this.#paths.certificate, this.#paths.key].map(stampOf).join(' ')
    } catch (error) {
      return messageOf(error)
    }
  }

  #load(): SecureContextOptions {
    const { certificate, key } = this.#paths
    const options = { cert: readFileSync(certificate), key: readFileSync(key) }
    try {
      createSecureContext(options) // throws where they do not fit each other
    } catch (error) {
      const problem = `${certificate} and ${key} cannot be used: ${messageOf(error)}`
      throw new Error(problem, { cause: error })
    }
    return options
  }
}

/** Another one when the file has been written or replaced. Throws when it is not there. */
export function stampOf(file: string): string {
  const { mtimeMs, size, ino } = statSync(file)
  return [mtimeMs, size, ino].join('-')
}
