/**
 * Whether the server at the other end is the one that the person means: by a CA, by the fingerprint
 * of its certificate, by the certificate seen at the first connection, or not at all on demand.
 * Gives undici a function that connects; a connection that is not trusted never carries a request.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { basename, dirname } from 'node:path'
import { TLSSocket } from 'node:tls'
import { buildConnector } from 'undici'
import { unreadable } from '../../core/errors.ts'
import { stampOf } from '../net/certificate-files.ts'

export type OriginTrust =
  /** PEM file with the CA's certificate. */
  | { readonly ca: string }
  /** `sha256:…` or `sha1:…`, hex, colons allowed. */
  | { readonly fingerprint: string }
  | { readonly insecure: true }
  /** File that remembers the fingerprint of the first certificate; delete it to accept a new one. */
  | { readonly pinFile: string }

/** Asked before each request, so that a person may change it while we run. */
export type TrustSource = OriginTrust | (() => OriginTrust)

export interface TrustOptions {
  readonly trust: TrustSource
  /** Name to ask for and to find in the certificate, where it is not that of the URL. */
  readonly servername?: string | undefined
  readonly connectTimeout: number
  /** Told once what was pinned, and anything a person should know. */
  readonly hint: (text: string) => void
}

/** The certificate is not the one that is trusted. The message says what was expected and came. */
export class TrustError extends Error {
  override name = 'TrustError'
}

/** One kind of trust, ready to be used. */
interface Way {
  readonly connect: buildConnector.connector
  /** Answers what is wrong with a peer's certificate. */
  readonly check: (socket: TLSSocket) => Error | undefined
}

/**
 * What connects as it is trusted now: another function whenever that has changed. While a new trust
 * cannot be used, the old one stays as it is. Throws the file's error when the CA file cannot be read.
 */
export function trustedConnector(options: TrustOptions): () => buildConnector.connector {
  const { trust: source } = options
  const read = typeof source === 'function' ? source : () => source
  let trust = read()
  let connect = connectorFor(trust, options)
  let unusable: OriginTrust | undefined
  return () => {
    const now = read()
    if (now === trust) return connect
    try {
      connect = connectorFor(now, options)
      trust = now
      options.hint('what is trusted has changed: it counts from now on')
    } catch (error) {
      if (now !== unusable) options.hint(`what is trusted has not changed: ${unreadable(error)}`)
      unusable = now
    }
    return connect
  }
}

function connectorFor(trust: OriginTrust, options: TrustOptions): buildConnector.connector {
  const { servername } = options
  const { connect, check } = wayOf(trust, options)
  return (target, callback) => {
    // The name is ours alone: undici would take it from the Host header, which a client wrote.
    const name = servername ?? (isIP(target.hostname) === 0 ? target.hostname : '')
    connect({ ...target, servername: name }, (...[error, socket]) => {
      const problem = error ?? (socket instanceof TLSSocket ? check(socket) : undefined)
      if (problem === undefined && socket !== null) return callback(null, socket)
      socket?.destroy()
      callback(problem ?? new Error('no connection'), null)
    })
  }
}

function wayOf(trust: OriginTrust, options: TrustOptions): Way {
  const connect = 'ca' in trust ? byAuthority(trust.ca, options) : connector(options, unchecked)
  return { connect, check: certificateCheck(trust, options.hint) }
}

const unchecked = { rejectUnauthorized: false }

function connector(
  { connectTimeout }: TrustOptions,
  trusted: { readonly ca: Buffer } | typeof unchecked,
): buildConnector.connector {
  return buildConnector({
    ...trusted,
    timeout: connectTimeout,
    allowH2: false, // the rules about framing and retries are those of HTTP/1.1
    maxCachedSessions: 0, // a resumed session shows no certificate; connections are few and long
  })
}

/** The CA's file is read again when it has changed; one that cannot be read changes nothing. */
function byAuthority(file: string, options: TrustOptions): buildConnector.connector {
  let stamp = stampOf(file)
  let connect = connector(options, { ca: readFileSync(file) })
  const look = (): void => {
    const now = stampOf(file)
    if (now === stamp) return
    connect = connector(options, { ca: readFileSync(file) })
    stamp = now
    options.hint(`the CA file ${file} has changed: it counts from now on`)
  }
  return (target, callback) => {
    try {
      look()
    } catch {
      // being written just now, or gone: the one that was read still counts
    }
    return connect(target, callback)
  }
}

function certificateCheck(trust: OriginTrust, hint: TrustOptions['hint']): Way['check'] {
  if ('fingerprint' in trust) return (socket) => mismatch(socket, trust.fingerprint, trustAdvice)
  if ('pinFile' in trust) return pinCheck(trust.pinFile, hint)
  return () => undefined // the handshake has checked the CA, or nothing is to be checked
}

const trustAdvice =
  'If the certificate was replaced, put the new fingerprint into trust.fingerprint: it counts at once.'

function pinCheck(file: string, hint: TrustOptions['hint']): Way['check'] {
  let pinned = readPin(file)
  return (socket) => {
    const advice =
      `If the certificate was replaced: bootlace mirror trust ${basename(file, '.pin')} --accept ` +
      `(or delete ${file}: the next one will be pinned).`
    if (pinned !== undefined && mismatch(socket, pinned, advice) === undefined) return undefined
    pinned = readPin(file) // deleted or edited meanwhile: that is how a new one is accepted
    if (pinned !== undefined) return mismatch(socket, pinned, advice)
    pinned = fingerprintOf(socket, 'sha256')
    hint(`pinned the origin's certificate at first sight: ${pinned} (remembered in ${file})`)
    writePin(file, pinned, hint)
    return undefined
  }
}

function mismatch(socket: TLSSocket, expected: string, advice: string): Error | undefined {
  const kind = expected.toLowerCase().startsWith('sha1:') ? 'sha1' : 'sha256'
  const found = fingerprintOf(socket, kind)
  return plain(found) === plain(expected)
    ? undefined
    : new TrustError(
        `the origin's certificate is not the trusted one: expected ${expected}, found ${found}. ${advice}`,
      )
}

function fingerprintOf(socket: TLSSocket, kind: 'sha256' | 'sha1'): string {
  const certificate = socket.getPeerCertificate()
  return `${kind}:${kind === 'sha1' ? certificate.fingerprint : certificate.fingerprint256}`
}

function plain(fingerprint: string): string {
  return fingerprint
    .toLowerCase()
    .replace(/^sha\d+:/, '')
    .replaceAll(':', '')
}

export function readPin(file: string): string | undefined {
  try {
    const text = readFileSync(file, 'utf8').trim()
    return text === '' ? undefined : text
  } catch {
    return undefined
  }
}

/** Whoever runs with this file as its pin takes it from the next connection on. */
export function savePin(file: string, fingerprint: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(`${file}.new`, `${fingerprint}\n`)
  renameSync(`${file}.new`, file)
}

function writePin(file: string, fingerprint: string, hint: (text: string) => void): void {
  try {
    savePin(file, fingerprint)
  } catch (error) {
    hint(`the pinned certificate is forgotten at the next start: ${String(error)}`)
  }
}
