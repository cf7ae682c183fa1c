/** `host`: how each host stands; letting one install itself once more, or not; what one boots next. */
import { parseArgs } from 'node:util'
import { InputError } from '../../core/errors.ts'
import { loadConfig } from '../config/config.ts'
import { type HostService, type ListedHost, type OrderAnswer, hostService } from './host-service.ts'

const help = `bootlace host list [--config FILE] [--json]
bootlace host arm NAME [--config FILE]
bootlace host disarm NAME [--config FILE]
bootlace host boot NAME ENTRY [--config FILE]

list tells how each host of the configuration stands. A host that boots an image and has a kickstart
installs itself once, and boots from its disk from then on; arm lets it install itself once more, at
its next start, and disarm takes that back: it installs nothing until it is armed again. boot says
what it boots next, for one boot: an entry of the menu, an image, menu or disk. It never wipes a disk
by itself.

The service that runs on this machine is asked; where none does, the order waits in its data folder.

  --config FILE   the configuration, as for serve
  --json          as JSON

Exit code 2 when there is no such host or entry, or the host's kickstart is wrong.

Example: bootlace host arm web-01`

interface Values {
  readonly json: boolean
}

interface HostVerb {
  /** How many words it takes. */
  readonly words: number
  readonly run: (service: HostService, words: readonly string[], values: Values) => Promise<void>
}

const verbs: Readonly<Record<string, HostVerb>> = {
  list: { words: 0, run: list },
  arm: {
    words: 1,
    run: (service, [name = '']) => order(service, service.arm(name)),
  },
  disarm: {
    words: 1,
    run: (service, [name = '']) => order(service, service.disarm(name)),
  },
  boot: {
    words: 2,
    run: (service, [name = '', entry = '']) => order(service, service.boot(name, entry)),
  },
}

export async function hostCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const [name = '', ...words] = positionals
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (verb === undefined || words.length !== verb.words) throw new InputError([help])
  const config = loadConfig({ file: values.config, environment: process.env })
  using service = await hostService(config)
  await verb.run(service, words, values)
  return 0
}

async function list(
  service: HostService,
  _words: readonly string[],
  { json }: Values,
): Promise<void> {
  const hosts = await service.list()
  if (json) console.log(JSON.stringify({ hosts }, undefined, 2))
  else if (hosts.length === 0) console.log('the configuration names no hosts')
  else for (const line of lines(hosts)) console.log(line)
}

function lines(hosts: readonly ListedHost[]): readonly string[] {
  const width = Math.max(...hosts.map(({ name }) => name.length))
  return hosts.map(
    ({ name, mac, text, isTrouble }) =>
      `${name.padEnd(width)}  ${mac}  ${isTrouble ? '! ' : ''}${text}`,
  )
}

async function order({ isOffline }: HostService, ordered: Promise<OrderAnswer>): Promise<void> {
  const { status, text } = await ordered
  if (status !== 200) throw new InputError([text])
  console.log(text)
  if (isOffline) {
    console.log(
      'No service answers here: it is stored in the data folder, and nothing was checked.',
    )
  }
}
