/** The schema of one mirror: its origin, how that proves itself, and what may be stored of it. */
import { z } from 'zod'
import { profileNames } from '../../protocol/cache/rules.ts'
import {
  durationValue,
  lineValue,
  portValue,
  section,
  sizeValue,
  urlValue,
} from './config-values.ts'

const path = z.string({ error: 'a path' }).min(1, { error: 'a path' })

const trust = z
  .union(
    [
      section({ ca: path }),
      section({
        fingerprint: z
          .string()
          .regex(/^(sha256:([0-9a-f]{2}:?){31}|sha1:([0-9a-f]{2}:?){19})[0-9a-f]{2}$/i, {
            error: 'sha256: and 32 pairs of hex digits, or sha1: and 20',
          }),
      }),
      section({ insecure: z.literal(true) }),
    ],
    { error: '{ ca: FILE }, { fingerprint: "sha256:…" } or { insecure: true }' },
  )
  .optional()

const mirrorRule = section({
  path: z
    .string({ error: 'a pattern such as /depot/**' })
    .regex(/^(?:\/|\*\*)[^\s?#]*$/, { error: 'a pattern such as /depot/** or **.rpm' })
    .describe('`*` is anything in one part, `**` anything, `{hash}` 32 to 128 hex digits.'),
  action: z
    .enum(['store', 'headers', 'pass'], { error: 'store, headers or pass' })
    .describe(
      "`store`: the same for everybody; `headers`: as the origin's header says; `pass`: never stored.",
    ),
  lifetime: durationValue
    .optional()
    .describe('Of `store`: after how long the origin is asked again. Default: never.'),
  query: z
    .enum(['pass', 'key', 'ignore'], { error: 'pass, key or ignore' })
    .optional()
    .describe(
      'With a query: `pass` (default of `store`), `key`: one object each (default of ' +
        '`headers`), `ignore`: cut it off.',
    ),
})

export const mirrorSchema = section({
  origin: urlValue.describe('Where the originals are, e.g. https://vcsa.lab.example:6501.'),
  port: portValue.default(5100).describe('TCP port of the mirror.'),
  tlsPort: portValue
    .optional()
    .describe('TCP port of the mirror for HTTPS, with the certificate of `http.tls`.'),
  trust: trust.describe(
    'How the origin proves itself: `{ ca: vmca.pem }`, `{ fingerprint: "sha256:…" }` or ' +
      '`{ insecure: true }`. Default: the certificate of the first connection is remembered ' +
      'in the data folder and demanded from then on.',
  ),
  servername: lineValue.optional().describe('Name in the certificate, if not that of the URL.'),
  hostHeader: z
    .enum(['client', 'client-no-port', 'upstream'], {
      error: 'client, client-no-port or upstream',
    })
    .optional()
    .describe(
      'Which `Host` the origin sees on requests that are passed. Default: `client-no-port` for ' +
        'the profile `autodeploy`, else `upstream`.',
    ),
  profile: z
    .enum(profileNames, { error: profileNames.join(', ') })
    .default('autodeploy')
    .describe(
      'Which paths may be stored: `autodeploy`, `rpm-repository`, `debian-archive`, or `generic` ' +
        "(by the origin's header).",
    ),
  rules: z
    .array(mirrorRule, { error: 'a list of rules' })
    .default([])
    .describe('Your own, before those of the profile; the first whose path matches decides.'),
  size: sizeValue
    .optional()
    .describe('How much of `cache.size` it may take. Default: all of it, with the others.'),
  observe: z
    .boolean({ error: 'true or false' })
    .default(false)
    .describe('Whether the log proposes rules for what several hosts got the same.'),
})
