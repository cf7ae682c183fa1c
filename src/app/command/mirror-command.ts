/** `mirror`: which certificate an origin shows, and accepting another; vCenter's boot files fetched in. */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { InputError } from '../../core/errors.ts'
import { readPin, savePin } from '../../io/cache/origin-trust.ts'
import { shownCertificate } from '../../io/net/shown-certificate.ts'
import { loadConfig } from '../config/config.ts'
import type { Config } from '../config/config-schema.ts'
import { pinFileOf } from '../mirrors.ts'
import { importTftp } from './tftp-import.ts'

const help = `bootlace mirror trust NAME [--accept] [--config FILE] [--json]
bootlace mirror import-tftp FILE.zip [--through URL] [--config FILE]

trust shows the certificate that the origin of that mirror shows now, beside the one that is
remembered; --accept remembers it, and a running service takes it from its next connection on.

import-tftp unpacks the TFTP boot zip of vCenter Auto Deploy (deploy-tftp.zip) into the folder that
files: names, loaders and the script tramp. Where there is a mirror named autodeploy, Bootlace serves
a tramp of its own that leads through it; --through is for other TFTP servers that use that folder.

  --accept        remember what is shown
  --through URL   rewrite tramp so that it leads to this mirror, e.g. http://192.168.50.1:5100
  --config FILE   the configuration, as for serve
  --json          as JSON

Exit code 1 when the certificate is not the remembered one, and was not accepted.

Example: bootlace mirror trust autodeploy --accept`

const options = {
  accept: { type: 'boolean', default: false },
  through: { type: 'string' },
  config: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

export async function mirrorCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options })
  if (values.help) {
    console.log(help)
    return 0
  }
  const [verb, word, ...rest] = positionals
  const isKnown = verb === 'trust' || verb === 'import-tftp'
  if (!isKnown || word === undefined || rest.length > 0) throw new InputError([help])
  const config = loadConfig({ file: values.config, environment: process.env })
  if (verb === 'trust') return await trust(word, config, values)
  const { files } = config
  if (files === undefined) throw new InputError(['files: names no folder to unpack into'])
  if (!existsSync(word)) throw new InputError([`${word}: there is no such file`])
  for (const line of importTftp(word, files, values.through)) console.log(line)
  return 0
}

interface TrustOptions {
  readonly accept: boolean
  readonly json: boolean
}

async function trust(
  name: string,
  config: Config,
  { accept, json }: TrustOptions,
): Promise<number> {
  const settings = mirrorOf(name, config)
  const isPinned = settings.trust === undefined
  if (accept && !isPinned) {
    throw new InputError([
      `mirrors.${name}.trust says what is trusted: change it there, a running service follows`,
    ])
  }
  const shown = await shownCertificate(settings.origin, settings.servername)
  const file = pinFileOf(config, name)
  if (accept) savePin(file, shown.fingerprint)
  const remembered = isPinned ? readPin(file) : undefined
  const { fingerprint, subject, issuer, validUntil } = shown
  if (json) console.log(JSON.stringify({ ...shown, remembered }, undefined, 2))
  else {
    console.log(`${settings.origin.origin} shows ${fingerprint}`)
    console.log(`  for ${subject}, by ${issuer}, until ${validUntil}`)
    if (isPinned) console.log(`  remembered: ${remembered ?? 'none yet'} (${file})`)
  }
  return remembered === undefined || remembered === fingerprint ? 0 : 1
}

function mirrorOf(name: string, { mirrors }: Config): Config['mirrors'][string] {
  const settings = mirrors[name]
  if (settings === undefined) throw new InputError([`there is no mirror ${name}`])
  const { origin } = settings
  if (origin.protocol === 'https:') return settings
  throw new InputError([`the origin of ${name} is ${origin.origin}, which shows no certificate`])
}
