/** `lab`: a private network and a virtual machine that boots through this very service. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { loaders } from '../boot/host.ts'
import { InputError, SystemError } from '../core/errors.ts'
import { runLab } from '../lab/lab.ts'
import { boardOf, labArches, labFirmwares } from '../lab/boards.ts'
import { cardSettings } from '../lab/qemu.ts'
import { resultJson, resultLine, stepJson, stepLine } from '../lab/report.ts'
import { prepareLab } from '../lab/requirements.ts'
import { watchConsole } from '../lab/terminal.ts'
import type { VirtualMachine } from '../lab/virtual-machine.ts'
import { durationValue } from './config-values.ts'

const modes = { full: 'Bootlace gives addresses', proxy: 'a dnsmasq gives them' } as const

const help = `bootlace lab [OPTIONS]

Builds a private network in namespaces of this machine, starts Bootlace in it and boots a virtual
machine through it: try it with no hardware. Tells each step as it happens. Nothing reaches the
machine's own network, and nothing is left behind. Needs root, for the namespaces.

  --firmware F      ${rows(labFirmwares)}
  --arch A          ${rows(labArches)}
  --secure-boot     UEFI refuses what is not signed with Microsoft's keys
  --mode M          ${rows(modes)}
  --loader L        force a boot loader: ${loaders.join(', ')}
  --nic N           ${Object.keys(cardSettings).join(', ')}
  --memory M        MiB (256; ARM64 512)
  --boot ENTRY      what it boots: tinyvm (the default), disk, menu
  --keys K,K        keys to press at the menu, by QEMU's names: down,ret
  --disk IMAGE      a raw disk image; what is written to it is thrown away
  --timeout T       for the whole boot (120s)
  --screenshot FILE a PNG: of the menu if one is shown, else of the end
  --pcap FILE       every packet, for Wireshark
  --watch           then leave it running, with its console here; Ctrl-] ends it
  --json            one object per step
  --help            this text

Exit code 0 when the machine has reported that it is up, 1 when not, with the reason.

Example: bootlace lab --firmware uefi --boot menu --keys t --screenshot menu.png`

function rows(table: Readonly<Record<string, string>>): string {
  const entries = Object.entries(table).map(([name, says]) => `${name.padEnd(9)} ${says}`)
  return entries.join(`\n${' '.repeat(20)}`)
}

/** The command's arguments, as text; `schema` says what each may be. */
const options = {
  firmware: { type: 'string', default: 'bios' },
  arch: { type: 'string', default: 'x64' },
  'secure-boot': { type: 'boolean', default: false },
  mode: { type: 'string', default: 'full' },
  loader: { type: 'string' },
  nic: { type: 'string', default: 'virtio-net-pci' },
  memory: { type: 'string' },
  boot: { type: 'string', default: 'tinyvm' },
  keys: { type: 'string', default: '' },
  disk: { type: 'string' },
  timeout: { type: 'string', default: '120s' },
  screenshot: { type: 'string' },
  pcap: { type: 'string' },
  watch: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

const file = z.string().transform((name) => resolve(name))

const memoryAllowed = 'a number of MiB, 64 or more'

const schema = z.object({
  firmware: keyOf(labFirmwares),
  arch: keyOf(labArches),
  'secure-boot': z.boolean(),
  mode: keyOf(modes),
  loader: z.enum(loaders, { error: loaders.join(', ') }).optional(),
  nic: keyOf(cardSettings),
  memory: z.coerce
    .number({ error: memoryAllowed })
    .int({ error: memoryAllowed })
    .min(64, { error: memoryAllowed })
    .optional(),
  boot: z.enum(['tinyvm', 'disk', 'menu', 'shell'], { error: 'tinyvm, disk, menu, shell' }),
  keys: z.string().transform((text) => text.split(',').filter((key) => key !== '')),
  disk: file.optional(),
  timeout: durationValue.transform((seconds) => seconds * 1000),
  screenshot: file.optional(),
  pcap: file.optional(),
})

export async function labCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options })
  if (values.help) {
    console.log(help)
    return 0
  }
  const { nic, 'secure-boot': secureBoot, ...wanted } = checked(values)
  boardOf({ ...wanted, secureBoot })
  const line = values.json ? stepJson : stepLine
  const signal = interruption()
  const result = await runLab({
    ...wanted,
    card: nic,
    secureBoot,
    files: await prepareLab(),
    signal,
    onStep: (step) => print(line(step)),
    afterwards: values.watch ? (machine) => watch(machine, signal) : undefined,
  })
  print(values.json ? resultJson(result) : resultLine(result))
  return result.ok ? 0 : 1
}

function print(text: string | undefined): void {
  if (text !== undefined) console.log(text)
}

function checked(values: object): z.output<typeof schema> {
  const result = schema.safeParse(values)
  if (result.success) return result.data
  throw new InputError(
    result.error.issues.map(({ path, message }) => `--${path.join('.')}: allowed is ${message}`),
  )
}

/** Aborted by Ctrl-C and by SIGTERM: the run then ends in order, and leaves nothing behind. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  const interrupt = (): void => controller.abort(new SystemError('interrupted'))
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  return controller.signal
}

async function watch(machine: VirtualMachine, signal: AbortSignal): Promise<void> {
  console.log('the machine runs on, its console is here: Enter for a prompt, Ctrl-] ends it')
  const interrupted = new Promise<void>((resolved) => {
    signal.addEventListener('abort', () => resolved(), { once: true })
  })
  await watchConsole(machine.console, Promise.race([machine.off(), interrupted]))
}

function keyOf<Key extends string>(table: Readonly<Record<Key, unknown>>): z.ZodType<Key> {
  const isKey = (value: unknown): boolean =>
    typeof value === 'string' && Object.hasOwn(table, value)
  return z.custom<Key>(isKey, { error: Object.keys(table).join(', ') })
}
