/** Certificates for tests: a CA of our own and what it signs. Nothing outside trusts them. */
import 'reflect-metadata' // @peculiar/x509 needs it before it is loaded
import { createHash, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'

x509.cryptoProvider.set(webcrypto)

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const day = 86_400_000

export interface Certificate {
  readonly cert: string
  readonly key: string
  /** `sha256:AB:CD:…` */
  readonly fingerprint: string
}

export interface Authority {
  readonly ca: string
  /** For these names and addresses. `days` below zero: expired. */
  issue(names: readonly string[], days?: number): Promise<Certificate>
}

export async function makeAuthority(name = 'Fake VMCA'): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 30 * day),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign),
    ],
  })
  let serial = 1
  return {
    ca: ca.toString('pem'),
    async issue(names, days = 30) {
      serial += 1
      const own = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
      const leaf = await x509.X509CertificateGenerator.create({
        serialNumber: serial.toString(16).padStart(2, '0'),
        subject: `CN=${names[0] ?? 'origin'}`,
        issuer: ca.subject,
        notBefore: new Date(Date.now() - 10 * day),
        notAfter: new Date(Date.now() + days * day),
        signingAlgorithm: algorithm,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new x509.SubjectAlternativeNameExtension(
            names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
          ),
        ],
      })
      const key = await webcrypto.subtle.exportKey('pkcs8', own.privateKey)
      const digits = createHash('sha256').update(new Uint8Array(leaf.rawData)).digest('hex')
      return {
        cert: leaf.toString('pem'),
        key: x509.PemConverter.encode(key, 'PRIVATE KEY'),
        fingerprint: `sha256:${digits.toUpperCase().match(/../g)?.join(':')}`,
      }
    },
  }
}
