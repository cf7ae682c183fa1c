/** The page `docs/firmware.md`: what was seen of firmware, loaders and cards, as tables. */
import { architectures } from '../../boot/loader/firmware.ts'
import { quirks, unfit } from '../../boot/loader/firmware-quirks.ts'
import { type BootClient, bootClients, cards } from '../../boot/loader/firmware-table.ts'
import { loaderFiles } from '../../boot/loader/loader-files.ts'
import { optionalFiles } from '../../boot/loader/optional-files.ts'

export function firmwarePage(): string {
  const parts = sections.map(({ title, text, head, rows }) =>
    [`## ${title}`, ...(text === undefined ? [] : [text]), table(head, rows())].join('\n\n'),
  )
  return `${[introduction, ...parts].join('\n\n')}\n`
}

interface Section {
  readonly title: string
  readonly text?: string
  readonly head: readonly string[]
  readonly rows: () => readonly (readonly string[])[]
}

const introduction = `# Firmware, loaders and network cards

What each was seen to do, and what Bootlace does about it. Seen means: in a packet, or on the console
of a machine in [the lab](lab.md); the versions are those that were there.`

const sections: readonly Section[] = [
  {
    title: 'Which loader for which architecture',
    text: `The number is DHCP option 93. What stands first is tried first; a loader that arrives whole and never
says a word gives way to the next: [boot.md](boot.md#the-order-of-loaders). Files that are not in
\`pxelinux/\` are passed over.`,
    head: ['number', 'architecture', 'files, in their order'],
    rows: architectureRows,
  },
  {
    title: 'What does not work',
    text: `What does not boot for a reason of its firmware or card alone stands in the
[matrix of the lab](lab-matrix.md).`,
    head: ['loader', 'where', 'why', 'seen'],
    rows: () =>
      unfit.map(({ loader, firmware, http, reason, seen }) => [
        loader,
        [firmware, http === true ? 'UEFI HTTP boot' : undefined].filter(Boolean).join(', '),
        reason,
        seen,
      ]),
  },
  {
    title: 'What they ask',
    head: ['program', 'seen', 'DHCP', 'TFTP options', 'HTTP'],
    rows: () => bootClients.map(clientRow),
  },
  {
    title: 'What they want from DHCP',
    text: 'Option 55, in its order.',
    head: ['program', 'options'],
    rows: () =>
      bootClients.flatMap(({ name, dhcp }) =>
        dhcp === undefined ? [] : [[name, dhcp.wants.join(' ')]],
      ),
  },
  {
    title: 'What they ask for and do without',
    text: 'That these are not there is no news, and no failure.',
    head: ['program', 'files'],
    rows: () => optionalFiles.map(({ device, name }) => [device, name]),
  },
  {
    title: 'Oddities, by device',
    head: ['device', 'what it does', 'what we do', 'in'],
    rows: () =>
      quirks.map(({ device, does, answer, file }) => [device, does, answer, inCode(`src/${file}`)]),
  },
  {
    title: 'Network cards',
    text: 'QEMU 7.2’s models, with Debian 13’s iPXE ROM in each.',
    head: ['card', 'BIOS', 'UEFI'],
    rows: () => cards.map(({ card, bios, uefi }) => [card, bios, uefi]),
  },
]

function architectureRows(): string[][] {
  return [...architectures.values()].flatMap(({ code, name, firmware, http }) => {
    const files = http && firmware === 'bios' ? undefined : loaderFiles(firmware, 'auto')
    return files === undefined ? [] : [[String(code), name, files.map(inCode).join(', ')]]
  })
}

function clientRow({ name, seen, dhcp, tftp, http }: BootClient): string[] {
  return [name, seen, dhcpText(dhcp), (tftp ?? []).map(inCode).join('; '), http ?? '']
}

function dhcpText(dhcp: BootClient['dhcp']): string {
  if (dhcp === undefined) return ''
  const { vendorClass, largest, rhythm } = dhcp
  return [
    vendorClass === undefined ? 'no option 60' : inCode(vendorClass),
    ...(largest === undefined ? [] : [`messages up to ${largest}`]),
    rhythm,
  ].join('; ')
}

function inCode(text: string): string {
  return `\`${text}\``
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}
