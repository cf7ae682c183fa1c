/**
 * The page for people, as HTML text: what is served where, the machines with their last steps,
 * addresses, what the mirrors saved, the menu. Every value from outside is escaped. Pure: takes
 * what it shows.
 */
import type { Catalog, Entry } from '../../boot/menu/catalog.ts'
import type { SeenMachine } from '../../boot/machine-table.ts'
import { formatBytes, formatDuration, tell } from '../../boot/story.ts'
import { type ServiceEvent, eventTypes } from '../../core/events.ts'
import type { HostView } from '../../boot/install/host-view.ts'
import type { LeaseView, MirrorView } from './http-options.ts'
import { clock, code, escapeHtml, list, section, table } from './page-html.ts'

export interface PageContent {
  readonly serving: readonly string[]
  readonly hosts: readonly HostView[]
  readonly machines: readonly SeenMachine[]
  readonly leases: readonly LeaseView[]
  readonly mirrors: readonly MirrorView[]
  readonly catalog: Catalog
}

export function renderPage(content: PageContent): string {
  const { catalog, serving } = content
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${catalog.title === 'Bootlace' ? '' : `${escapeHtml(catalog.title)} – `}Bootlace</title>
<style>${pageStyle}</style>
<h1>Bootlace</h1>
<main>
${section('Served here', list(serving.map(escapeHtml)))}
${section('Hosts', hostTable(content.hosts))}
${section('Machines', machineTable(content.machines))}
${section('Addresses', leaseTable(content.leases))}
${section('Mirrors', list(content.mirrors.map(savings)))}
${section('Menu', entryTable(catalog))}
</main>
<script>${pageScript}</script>
</html>
`
}

/**
 * Times are shown in the reader's own zone; an open list of steps stays open. Once a second at most:
 * many machines that boot at once are no reason to draw this page for each of their steps.
 */
export const pageScript = `
const today = (at) => at.toDateString() === new Date().toDateString()
const local = () => { for (const time of document.querySelectorAll('time')) {
  const at = new Date(time.dateTime)
  time.textContent = today(at) ? at.toLocaleTimeString() : at.toLocaleString()
} }
const refresh = async () => {
  const open = new Set([...document.querySelectorAll('details[open]')].map((one) => one.dataset.mac))
  const text = await (await fetch('/')).text()
  const fresh = new DOMParser().parseFromString(text, 'text/html').querySelector('main')
  for (const one of fresh.querySelectorAll('details')) one.open = open.has(one.dataset.mac)
  document.querySelector('main').replaceWith(fresh)
  local()
}
let waiting
const again = () => { waiting = undefined; refresh().catch(() => {}) }
const soon = () => { waiting ??= setTimeout(again, 1000) }
const events = new EventSource('/events')
events.onmessage = soon
events.onerror = () => { events.onopen = soon } // back after a restart
local()
`

const pageStyle = `
body { font: 16px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; color: #222; background: #fff }
h2 { font-size: 1.1em; margin: 2em 0 .5em }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3em 1em .3em 0; border-bottom: 1px solid #ddd }
code, time { font-family: ui-monospace, monospace; font-size: .9em }
td, li { overflow-wrap: anywhere }
code { white-space: nowrap }
li code, td:last-child code { white-space: normal }
.none { color: #666 }
.trouble { color: #a40 }
@media (max-width: 45em) {
  table, tbody, tr, td { display: block }
  th { display: none }
  tr { border-bottom: 1px solid #ddd; padding: .4em 0 }
  td { border: 0; padding: 0 }
}
@media (prefers-color-scheme: dark) {
  body { color: #ddd; background: #181818 }
  th, td, tr { border-color: #444 }
  .none { color: #999 }
  .trouble { color: #fa6 }
}
`

/** What each host of the configuration does, which may be one that was never seen. */
function hostTable(hosts: readonly HostView[]): string {
  return table(
    ['Host', 'Since', 'How it stands'],
    hosts.map(({ name, mac, install, text, isTrouble }) => [
      `${escapeHtml(name)}<br>${code(mac)}`,
      install === undefined || install.starts === 0 ? '' : clock(install.since),
      isTrouble ? `<span class="trouble">${escapeHtml(text)}</span>` : escapeHtml(text),
    ]),
  )
}

/** The page is drawn anew while machines boot: those who were seen last, and a few with all steps. */
const mostMachines = 200
const mostWithSteps = 30

function machineTable(machines: readonly SeenMachine[]): string {
  const rows = machines
    .slice(0, mostMachines)
    .map((machine, index) => [
      machine.name === undefined
        ? code(machine.mac)
        : `${escapeHtml(machine.name)}<br>${code(machine.mac)}`,
      machine.addresses.map(code).join('<br>'),
      escapeHtml(machine.firmware ?? ''),
      escapeHtml(machine.entry ?? ''),
      steps(machine, index < mostWithSteps),
    ])
  const more = machines.length - rows.length
  const rest = more > 0 ? `<p class="none">and ${more} more, seen earlier: /api/machines</p>` : ''
  return table(['Machine', 'Address', 'Firmware', 'Told to boot', 'Last step'], rows) + rest
}

/** The last step in view, those before it on request, newest first. */
function steps({ mac, steps: known }: SeenMachine, withEarlier: boolean): string {
  const told = known.filter((step) => tell(step) !== undefined).toReversed()
  const [last = '', ...earlier] = (withEarlier ? told : told.slice(0, 1)).map(sentence)
  if (earlier.length === 0) return last
  return `<details data-mac="${escapeHtml(mac)}"><summary>${last}</summary>${list(earlier)}</details>`
}

function sentence(step: ServiceEvent): string {
  const text = escapeHtml(tell(step) ?? '')
  return `${clock(step.at)} ${isWarning(step) ? `<span class="trouble">${text}</span>` : text}`
}

function isWarning({ type }: ServiceEvent): boolean {
  return eventTypes[type][0] === 'warn' || type.endsWith('.missing')
}

function leaseTable(leases: readonly LeaseView[]): string {
  return table(
    ['Address', 'Machine', 'Name', 'Until'],
    leases.map(({ ip, mac, hostName, expires }) => [
      code(ip),
      code(mac),
      escapeHtml(hostName ?? ''),
      clock(expires),
    ]),
  )
}

function entryTable({ entries, default: choice }: Catalog): string {
  return table(['Key', 'Entry', 'Boots'], entryRows(entries, choice, ''))
}

/** A group's entries follow it, under its title; of what asks for a password nothing is told. */
function entryRows(entries: readonly Entry[], choice: string, above: string): string[][] {
  return entries.flatMap((entry) => {
    const { name, key, title, lock, arch } = entry
    const machines = arch === undefined ? '' : ` on ${arch.join(', ')}`
    const text = `${above}${escapeHtml(title)}${machines}${name === choice ? ' (default)' : ''}`
    const what = lock === undefined ? boots(entry) : 'asks for a password'
    const isOpen = entry.type === 'group' && lock === undefined
    return [
      [escapeHtml(key ?? ''), text, what],
      ...(isOpen ? entryRows(entry.entries, choice, `${text} › `) : []),
    ]
  })
}

const bootsWhat = {
  group: 'a menu of its own',
  memtest: 'the memory test memtest86+',
  disk: 'the next boot device',
  shell: 'the command line of iPXE',
  autodeploy: 'what vCenter Auto Deploy says',
  wimboot: 'Windows, by wimboot',
  esxi: "VMware ESXi's installer, by mboot",
} as const

function boots(entry: Entry): string {
  return entry.type === 'linux' ? code(entry.kernel) : bootsWhat[entry.type]
}

function savings({
  name,
  origin,
  hits,
  joins,
  fills,
  servedBytes,
  originBytes,
  sparedMs,
}: MirrorView): string {
  const saved = Math.max(0, servedBytes - originBytes)
  const share = servedBytes === 0 ? 0 : Math.floor((saved / servedBytes) * 100)
  const requests = hits + joins + fills
  return (
    `${escapeHtml(name)} of ${escapeHtml(origin)}: ${formatBytes(servedBytes)} served, ` +
    `${formatBytes(originBytes)} fetched: <b>${formatBytes(saved)} saved (${share} %)</b>, ` +
    `and ${formatDuration(sparedMs)} of the origin's time; ` +
    `${hits + joins} of ${requests} payload requests needed no download`
  )
}
