/** Which certificate a server shows, whoever signed it: for a person to look at. Sends nothing. */
import { once } from 'node:events'
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import { SystemError, messageOf } from '../../core/errors.ts'

export interface ShownCertificate {
  /** `sha256:AB:CD:…` */
  readonly fingerprint: string
  readonly subject: string
  readonly issuer: string
  /** As the certificate writes it. */
  readonly validUntil: string
}

const patience = 5000

/** Throws SystemError when nobody answers. */
export async function shownCertificate(
  { hostname, port, host }: URL,
  servername?: string,
): Promise<ShownCertificate> {
  const address = hostname.replace(/^\[(.*)\]$/, '$1')
  const name = servername ?? (isIP(address) === 0 ? address : '')
  const socket = connect({
    host: address,
    port: Number(port || 443),
    servername: name,
    rejectUnauthorized: false,
  })
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(patience) })
    const { fingerprint256, subject, issuer, valid_to: validUntil } = socket.getPeerCertificate()
    const names = { subject: String(subject.CN), issuer: String(issuer.CN) }
    return { fingerprint: `sha256:${fingerprint256}`, ...names, validUntil }
  } catch (error) {
    throw new SystemError(`${host} shows no certificate: ${messageOf(error)}`, { cause: error })
  } finally {
    socket.on('error', () => {}).destroy()
  }
}
