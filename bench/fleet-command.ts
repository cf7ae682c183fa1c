/**
 * `npm run bench -- fleet [--hosts N] [--profile NAME] [--rounds N] [--write]`: a fleet of any size,
 * before a mirror and an origin that are started for it; with `--base URL` through whatever is there.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isImage, payloadProfiles } from '../test/support/origin-payloads.ts'
import { fleetPart } from './fleet.ts'
import { node } from './ours.ts'
import type { Part } from './part.ts'

const usage = `npm run bench -- fleet [--hosts 1…500] [--profile NAME] [--rounds N] [--write]
  profiles: ${payloadProfiles.join(', ')}
npm run bench -- fleet --base URL, also with [--kind NAME]… [--within MS] [--rate OCTETS] [--admin URL]`

export interface FleetTask {
  /** Of its table. */
  readonly name: string
  readonly part: Part
  readonly rounds: number
  readonly write: boolean
}

/** What is to be measured; undefined when it is done already, or was no command (exit code 2). */
export function fleetCommand(args: readonly string[]): FleetTask | number {
  if (args.includes('--base')) return runFleetProgram(args)
  const { values } = parseArgs({
    args: [...args],
    options: {
      hosts: { type: 'string', default: '50' },
      profile: { type: 'string', default: 'tiny' },
      rounds: { type: 'string', default: '1' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return 0
  }
  const { profile, write } = values
  const [hosts, rounds] = [Number(values.hosts), Number(values.rounds)]
  if (!isImage(profile) || !Number.isInteger(hosts) || hosts < 1 || !(rounds >= 1)) {
    console.error(usage)
    return 2
  }
  return { name: `fleet-${profile}`, part: fleetPart({ hosts, image: profile }), rounds, write }
}

function runFleetProgram(args: readonly string[]): number {
  const program = fileURLToPath(new URL('fleet-program.ts', import.meta.url))
  const words = args.map((word) => (word === '--profile' ? '--image' : word))
  return spawnSync(node, [program, ...words], { stdio: 'inherit' }).status ?? 1
}
