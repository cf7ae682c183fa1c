/** What an image is and what would be served of it, in plain words and as JSON. */
import { formatTitles } from '../../boot/kickstart/answer-format.ts'
import { esxiInstall } from '../../boot/system/esxi.ts'
import { visible } from '../../core/visible.ts'
import type { FoundInstaller, ImageOffers } from '../../io/image/image-offers.ts'
import type { ImageBoot, NetbootImage } from '../../io/image/netboot-image.ts'

export interface ImageReport {
  readonly format: string
  readonly title: string
  /** What it was recognised as, by a word for programs. */
  readonly kind?: string | undefined
  /** The virtual machine that it was exported from. */
  readonly machine?: {
    readonly name: string
    readonly product: string
    readonly version: string
    /** MiB. */
    readonly memory?: number | undefined
    readonly cards: readonly string[]
    /** Its files were checked against its manifest. */
    readonly checked: boolean
  }
  readonly volumes: readonly {
    readonly partition: number
    readonly format: string
    readonly label: string
  }[]
  readonly boot?: {
    readonly system: string
    /** The configuration that it was found in. */
    readonly config?: string | undefined
    readonly arguments: string
    readonly others: readonly string[]
    readonly kernelRelease?: string | undefined
    readonly processor?: string | undefined
    readonly bits?: number | undefined
    readonly uefi?: boolean | undefined
  }
  /** Paths are those below `boot/NAME/`. */
  readonly served?: {
    readonly kernel: string
    readonly initrd: readonly string[]
    readonly arguments: string
    readonly dropped: readonly string[]
    readonly extensions: readonly string[]
    /** How many files of the user's come along. */
    readonly kept: number
  }
  /** Of a system that is known: what the menu has of it. Paths are those below `boot/NAME/`. */
  readonly entries?: readonly {
    readonly name: string
    readonly kernel: string
    readonly initrd: readonly string[]
    readonly arguments: string
    /** Where a host installs itself. */
    readonly install?: string | undefined
  }[]
  /** The unattended file that its installer takes. */
  readonly answers?: string | undefined
  /** Photon's: a kickstart is written for it. */
  readonly installer?: FoundInstaller | undefined
  readonly notes: readonly string[]
}

/** The line in the menu: what the image calls itself. */
export function imageTitle({ contents, kind, boot }: NetbootImage, name: string): string {
  const { machine } = contents
  const words =
    machine === undefined
      ? [kind?.kind.title ?? boot?.system ?? name, kind?.version ?? '']
      : [machine.product || machine.name || name, machine.version]
  const title = visible(words.filter((word) => word !== '').join(' '))
  return machine === undefined && title !== name ? `${name} (${title})` : title
}

export function imageReport(image: NetbootImage, name: string): ImageReport {
  const { contents, boot, notes } = image
  const { format, machine, volumes } = contents
  return {
    format,
    title: imageTitle(image, name),
    kind: image.kind?.kind.id,
    ...(machine === undefined ? {} : { machine: machineReport(machine) }),
    volumes: volumes.map((volume) => ({
      partition: volume.partition,
      format: volume.format,
      label: volume.label,
    })),
    ...(boot === undefined ? {} : { boot: bootReport(boot), served: servedReport(boot) }),
    ...(image.offers === undefined ? {} : offersReport(image.offers, name)),
    ...(image.offers?.installer === undefined ? {} : { installer: image.offers.installer }),
    notes: [...notes, ...(boot === undefined ? [] : firmwareNotes(boot))],
  }
}

function offersReport(
  { boots, system, esxi }: ImageOffers,
  name: string,
): Pick<ImageReport, 'entries' | 'answers'> {
  const mboot = { name, kernel: 'mboot.efi', initrd: [], arguments: '', install: esxiInstall }
  const own = boots.map(({ suffix, kernel, initrd, args, install }) => ({
    name: suffix === '' ? name : `${name}-${suffix}`,
    kernel,
    initrd,
    arguments: args,
    install,
  }))
  const entries = esxi?.missing.length === 0 ? [...own, mboot] : own
  const { answers } = system
  return { entries, answers: answers === undefined ? undefined : formatTitles[answers.format] }
}

function machineReport(
  machine: NonNullable<NetbootImage['contents']['machine']>,
): NonNullable<ImageReport['machine']> {
  const { name, product, version, memory, cards, checked } = machine
  return { name, product, version, memory, cards, checked }
}

function bootReport({ system, found, about }: ImageBoot): NonNullable<ImageReport['boot']> {
  return {
    system,
    config: found.config,
    arguments: found.choice.args,
    others: found.others,
    kernelRelease: about?.release,
    processor: about?.arch,
    bits: about === undefined ? undefined : about.is64 ? 64 : 32,
    uefi: about?.hasEfiStub,
  }
}

function servedReport(boot: ImageBoot): NonNullable<ImageReport['served']> {
  const { kernel, initrd, args, dropped, extensions, kept } = boot
  return { kernel, initrd, arguments: args, dropped, extensions, kept }
}

function firmwareNotes({ about, found }: ImageBoot): string[] {
  if (about === undefined) return [`${found.choice.kernel} is no Linux kernel that is known here`]
  if (about.hasEfiStub && about.is64) return []
  return ['UEFI machines of 64 bits cannot start this kernel; BIOS machines can']
}

/** The report for people. */
export function reportLines(report: ImageReport): string[] {
  const { format, title, machine, volumes, boot, served, installer, notes } = report
  const { entries = [], answers } = report
  return [
    ...row('image', `${title}: ${format}`),
    ...(machine === undefined ? [] : machineLines(machine)),
    ...volumes.flatMap((volume) => row('volume', volumeWords(volume))),
    ...(boot === undefined ? [] : bootLines(boot)),
    ...(served === undefined ? [] : servedLines(served)),
    ...entries.flatMap(entryLines),
    ...row('unattended', answers ?? ''),
    ...(installer === undefined ? [] : row('installer', installerWords(installer))),
    ...notes.flatMap((note) => row('note', note)),
  ]
}

/** Characters of a row: of a long list the beginning says enough. */
const longestRow = 2000

function row(name: string, text: string): string[] {
  return text === '' ? [] : [`${name.padEnd(11)} ${visible(text, longestRow)}`]
}

function entryLines(entry: NonNullable<ImageReport['entries']>[number]): string[] {
  const { name, kernel, initrd, arguments: args, install = '' } = entry
  const files = [kernel, ...initrd].filter((path) => path !== '')
  return [
    ...row('entry', name),
    ...row('serves', files.join(', ')),
    ...row('with', args),
    ...row('to install', install),
  ]
}

function volumeWords({ partition, format, label }: ImageReport['volumes'][number]): string {
  const place = partition === 0 ? 'whole disk' : `partition ${partition}`
  return [place, format, ...(label === '' ? [] : [`"${label}"`])].join(', ')
}

function installerWords({ version, by }: FoundInstaller): string {
  return by === 'initrd'
    ? version
    : `${version}, as its release came with; its initrd does not tell`
}

function machineLines(machine: NonNullable<ImageReport['machine']>): string[] {
  const { name, memory, cards, checked } = machine
  const words = [name, ...(memory === undefined ? [] : [`${memory} MiB`]), ...cards]
  return [
    ...row('machine', words.join(', ')),
    ...row('manifest', checked ? 'every file is as it says' : 'none'),
  ]
}

function bootLines(boot: NonNullable<ImageReport['boot']>): string[] {
  const { system, config, others, kernelRelease, bits } = boot
  const kernel = [kernelRelease, ...(bits === undefined ? [] : [`${bits} bits`])]
  const words = [system, ...kernel.filter((word) => word !== undefined)]
  return [
    ...row('system', words.join(', ')),
    ...row('found in', config ?? 'no configuration: by its place'),
    ...row('arguments', boot.arguments),
    ...row('others', others.join(', ')),
  ]
}

function servedLines(served: NonNullable<ImageReport['served']>): string[] {
  const { kernel, initrd, dropped, extensions, kept } = served
  return [
    ...row('serves', [kernel, ...initrd].join(', ')),
    ...row('with', served.arguments),
    ...row('without', dropped.join(' ')),
    ...row('extensions', extensions.join(', ')),
    ...row('kept files', kept === 0 ? '' : String(kept)),
  ]
}
