/** What `lab` is asked on the command line: the options, what each may be, and their help. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { loaders } from '../../boot/host.ts'
import { InputError } from '../../core/errors.ts'
import { labArches, labFirmwares } from '../../lab/boards.ts'
import { isKeyPress, keysAllowed } from '../../lab/keys.ts'
import { labModes } from '../../lab/lab-config.ts'
import { cardSettings } from '../../lab/qemu.ts'
import { durationValue } from '../config/config-values.ts'

export const labHelp = `bootlace lab [OPTIONS]

Builds a private network in namespaces of this machine, starts Bootlace in it and boots a virtual
machine through it: try it with no hardware. Tells each step as it happens. Nothing reaches the
machine's own network, and nothing is left behind. Needs root, for the namespaces.

The machine
  --firmware F      ${rows(labFirmwares)} (bios)
  --arch A          ${rows(labArches)} (x64)
  --secure-boot     UEFI refuses what Microsoft's keys do not vouch for
  --nic N           ${Object.keys(cardSettings).join(', ')}
  --memory M        MiB (256; ARM64 512)
  --disk IMAGE      a raw disk image; what is written to it is thrown away

What happens to it
  --mode M          ${rows(labModes)} (full)
  --rival           somebody else gives addresses, too: a dnsmasq; with proxy always
  --loader L        force a boot loader: ${loaders.join(', ')}
  --boot ENTRY      what it boots: tinyvm (without --config), disk, menu, any entry's name
  --keys K,K        keys to press at the menu, by QEMU's names: down,ret
  --config FILE     menu, hosts, files and images of this configuration, in the lab's network
  --host NAME       the machine is this host of FILE

How it ends
  --timeout T       for the whole boot (120s)
  --tries N         switched on so often until it boots, as after a refused loader (1)
  --until TEXT      done when its console shows this regular expression, instead of its report
  --screenshot FILE a PNG: of the menu if one is shown, else of the end
  --pcap FILE       every packet, for Wireshark
  --watch           then leave it running, with its console here; Ctrl-] ends it
  --json            one object per step

The matrix of firmware, loader, mode and card; firmware, arch, secure-boot, loader, mode, rival and
nic choose from it
  --list            what boots, and why the rest does not
  --all             boot all of it, a machine after the other; --timeout is for each
  --jobs N          with --all: so many machines at a time (1)

  --help            this text

Exit code 0 when the machine has reported that it is up, 1 when not, with the reason; with --all 1
when one of them did not.

Examples: bootlace lab --firmware uefi --boot menu --keys t --screenshot menu.png
          bootlace lab --all --firmware uefi --secure-boot`

function rows(table: Readonly<Record<string, string>>): string {
  const entries = Object.entries(table).map(([name, says]) => `${name.padEnd(9)} ${says}`)
  return entries.join(`\n${' '.repeat(20)}`)
}

const text = { type: 'string' } as const
const flag = { type: 'boolean', default: false } as const

const options = {
  firmware: text,
  arch: text,
  'secure-boot': flag,
  nic: text,
  memory: text,
  disk: text,
  mode: text,
  rival: flag,
  loader: text,
  boot: text,
  keys: text,
  config: text,
  host: text,
  timeout: text,
  tries: text,
  until: text,
  screenshot: text,
  pcap: text,
  watch: flag,
  json: flag,
  list: flag,
  all: flag,
  jobs: text,
  help: flag,
} as const

const file = z.string().transform((name) => resolve(name))
const existing = file.refine((name) => existsSync(name), { error: 'a file that is there' })
const keyList = z
  .string()
  .transform((list) => list.split(',').filter((key) => key !== ''))
  .refine((keys) => keys.every(isKeyPress), { error: keysAllowed })

function integer(least: number, allowed: string) {
  return z.coerce.number({ error: allowed }).int({ error: allowed }).min(least, { error: allowed })
}

const expression = z.string().transform((pattern, context): RegExp => {
  try {
    return new RegExp(pattern)
  } catch {
    context.addIssue({ code: 'custom', message: 'a regular expression', input: pattern })
    return z.NEVER
  }
})

const schema = z
  .object({
    firmware: keyOf(labFirmwares).optional(),
    arch: keyOf(labArches).optional(),
    'secure-boot': z.boolean(),
    nic: keyOf(cardSettings).optional(),
    memory: integer(64, 'a number of MiB, 64 or more').optional(),
    disk: existing.optional(),
    mode: keyOf(labModes).optional(),
    rival: z.boolean(),
    loader: z.enum(loaders, { error: loaders.join(', ') }).optional(),
    boot: z.string().optional(),
    keys: keyList.optional(),
    config: existing.optional(),
    host: z.string().optional(),
    timeout: durationValue.prefault('120s').transform((seconds) => seconds * 1000),
    tries: integer(1, 'a number, 1 or more').prefault('1'),
    until: expression.optional(),
    screenshot: file.optional(),
    pcap: file.optional(),
    watch: z.boolean(),
    json: z.boolean(),
    list: z.boolean(),
    all: z.boolean(),
    jobs: integer(1, 'a number of machines, 1 or more').prefault('1'),
    help: z.boolean(),
  })
  .transform(({ 'secure-boot': secureBoot, nic: card, ...rest }) => ({
    ...rest,
    secureBoot,
    card,
  }))

export type LabArguments = z.output<typeof schema>

/** Throws InputError with every problem. */
export function parseLabArguments(args: string[]): LabArguments {
  const result = schema.safeParse(parseArgs({ args, options }).values)
  if (result.success) return result.data
  throw new InputError(
    result.error.issues.map(({ path, message }) => `--${path.join('.')}: allowed is ${message}`),
  )
}

function keyOf<Key extends string>(table: Readonly<Record<Key, unknown>>): z.ZodType<Key> {
  const isKey = (value: unknown): boolean =>
    typeof value === 'string' && Object.hasOwn(table, value)
  return z.custom<Key>(isKey, { error: Object.keys(table).join(', ') })
}
