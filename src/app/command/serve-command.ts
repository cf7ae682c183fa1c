/** `serve`: reads the configuration, starts the service, and stops it in order on a signal. */
import { parseArgs } from 'node:util'
import { type ServiceEvent, eventTypes } from '../../core/events.ts'
import { tell } from '../../boot/story.ts'
import { raiseCapabilities } from '../../io/net/native.ts'
import { loadConfig } from '../config/config.ts'
import type { Override } from '../config/config-problems.ts'
import { liveConfig } from '../config/live-config.ts'
import { createLog } from '../log.ts'
import { startService } from '../service.ts'

const help = `bootlace serve [OPTIONS]

Serves DHCP, TFTP, HTTP and the mirrors until it gets SIGINT or SIGTERM; running transfers then have
five seconds to end. With no options it is a guest on the network: boot data beside the DHCP server
that is there, and never an address.

  --config FILE      the configuration (or the variable BOOTLACE_CONFIG)
  --subnet CIDR      give addresses there, unless another DHCP server does; may be repeated
  --interface NAME   serve only there, a name or a pattern such as tap*; may be repeated
  --verbose          log every packet that was looked at
  --help             this text

Example: bootlace serve --subnet 192.168.50.0/24 --interface eth1`

export async function serveCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      config: { type: 'string' },
      subnet: { type: 'string', multiple: true },
      interface: { type: 'string', multiple: true },
      verbose: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const sources = {
    file: values.config,
    environment: process.env,
    flags: flagOverrides(values.subnet, values.interface),
  }
  const config = loadConfig(sources)
  const live = liveConfig(sources, config)
  const log = createLog({
    plain: process.stdout.isTTY,
    level: values.verbose ? 'debug' : 'info',
    tell: (event) => tell(event) ?? explain(event),
  })
  raiseCapabilities()
  const service = await startService(config, { log, clock: Date.now, live })
  await stopSignal()
  await service.stop()
  return 0
}

/** What belongs to no machine's story, in the words of the table of events. */
function explain({ type, interface: name, detail, reason }: ServiceEvent): string {
  return `${name === undefined ? '' : `${name}: `}${detail ?? reason ?? eventTypes[type][1]}`
}

/** `--subnet` is the short way to say `dhcp.subnets: [{ network: CIDR }]`. */
function flagOverrides(
  subnets: readonly string[] | undefined,
  interfaces: readonly string[] | undefined,
): Override[] {
  const overrides: Override[] = []
  if (subnets !== undefined) {
    const value = subnets.map((network) => ({ network, mode: 'auto' }))
    overrides.push({ path: ['dhcp', 'subnets'], value, source: '--subnet' })
  }
  if (interfaces !== undefined) {
    overrides.push({ path: ['interfaces'], value: interfaces, source: '--interface' })
  }
  return overrides
}

/** Resolves at the first signal; a second one ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(1))
        resolve()
      })
    }
  })
}
