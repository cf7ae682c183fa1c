/**
 * An event as one plain sentence for people: what the machine did, without its name. The page, the
 * API and the lab all tell a boot in these words.
 */
import type { EventType, ServiceEvent } from '../core/events.ts'

/** Undefined for what belongs to no machine's story. */
export function tell(event: ServiceEvent): string | undefined {
  return sentences[event.type]?.(event)
}

/** `8.2 MB`, `640 kB`, `12 bytes`; decimal units, as networks count. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return bytes === 1 ? '1 byte' : `${bytes} bytes`
  const units = ['kB', 'MB', 'GB', 'TB'] as const
  let value = bytes / 1000
  let index = 0
  while (value >= 999.5 && index < units.length - 1) {
    value /= 1000
    index += 1
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[index]}`
}

/** `3 ms`, `0.4 s`, `12 s`, `3 min`. */
export function formatDuration(ms: number): string {
  if (ms < 99.5) return `${Math.round(ms)} ms`
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`
  return ms < 119_500 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`
}

type Sentence = (event: ServiceEvent) => string

const sentences: Partial<Record<EventType, Sentence>> = {
  'dhcp.discover': (event) => `asked for an address${asks(event)}`,
  'dhcp.offer': (event) => `was offered ${event.ip ?? 'an address'}${told(event)}`,
  'dhcp.ack': (event) => `got the address ${event.ip ?? ''}`.trim() + told(event),
  'dhcp.nak': (event) => `was refused an address${because(event)}`,
  'dhcp.release': () => 'gave its address back',
  'dhcp.decline': () => 'found its address in use by another machine',
  'dhcp.inform': () => 'asked for settings',
  'dhcp.ignore': (event) => `asked and was left without an answer${because(event)}`,
  'dhcp.exhausted': () => 'got no address: the pool is used up',
  'proxy.offer': (event) => `was offered boot data${asks(event)}${told(event)}`,
  'proxy.ack': (event) => `asked what to boot: ${event.bootFile ?? 'nothing for it'}`,
  'tftp.start': (event) => `is loading ${fileOf(event)} by TFTP`,
  'tftp.done': (event) => `loaded ${fileOf(event)}${amount(event)} by TFTP`,
  'tftp.probe': (event) => `asked for the size of ${fileOf(event)}`,
  'tftp.missing': (event) => `asked for ${fileOf(event)}, which is not there${near(event)}`,
  'tftp.refused': (event) => `was refused ${fileOf(event)}${because(event)}`,
  'tftp.abort': (event) => `stopped loading ${fileOf(event)}${because(event)}`,
  'http.done': (event) => `loaded ${fileOf(event)}${amount(event)} by HTTP`,
  'http.missing': (event) => `asked for ${fileOf(event)}, which is not there${near(event)}`,
  'http.abort': (event) => `stopped loading ${fileOf(event)}${amount(event)}`,
  'menu.served': (event) =>
    event.entry === undefined || event.entry === 'menu'
      ? 'got its boot menu'
      : `was told to boot ${event.entry}`,
  'loader.works': (event) => `runs ${fileOf(event)}, and will get it again`,
  'loader.silent': (event) => event.reason ?? `did not start ${fileOf(event)}`,
  'menu.opened': (event) => `gave the password of ${event.entry ?? 'an entry'}`,
  'menu.refused': (event) => `did not get into ${event.entry ?? 'an entry'}${because(event)}`,
  'install.armed': (event) => `is to install ${itsEntry(event)} at its next start`,
  'install.started': (event) => `was told to install ${itsEntry(event)}`,
  'install.running': () => 'fetched its answers: the installation runs',
  'install.done': (event) => `is installed: ${itsEntry(event)}`,
  'install.disk': () => 'is installed, and was sent to its disk',
  'install.stopped': (event) => `is not installed again${because(event)}`,
  'install.refused': (event) => `was not told to install ${itsEntry(event)}${because(event)}`,
  'install.withheld': (event) => `was not told the way to answers${because(event)}`,
  'answers.served': (event) => `fetched its answers ${fileOf(event)}`,
  'answers.refused': (event) => `was refused answers${because(event)}`,
  'host.next': (event) => `is to boot ${itsEntry(event)} next`,
  'tinyvm.addresses': (event) => `will have ${event.detail ?? 'other addresses'} at its next start`,
  'machine.up': (event) => `is up${event.detail === undefined ? '' : `: ${event.detail}`}`,
  'mirror.hit': (event) => `got ${fileOf(event)}${amount(event)} from the cache`,
  'mirror.join': (event) => `got ${fileOf(event)}${amount(event)} from a running download`,
  'mirror.fill': (event) => `got ${fileOf(event)}${amount(event)} while it was fetched and stored`,
  'mirror.pass': (event) => `got ${fileOf(event)} through the mirror, not stored`,
  'mirror.error': (event) => `got no answer through the mirror${because(event)}`,
  'mirror.refused': (event) => `was refused ${fileOf(event)} by the mirror${because(event)}`,
}

const programs: Readonly<Record<string, string>> = {
  firmware: 'its firmware',
  ipxe: 'iPXE',
  system: 'its operating system',
}

function asks({ stage, firmware }: ServiceEvent): string {
  const program = programs[stage ?? '']
  if (program === undefined) return ''
  return firmware === undefined ? ` (${program})` : ` (${program}, ${firmware})`
}

function told({ bootFile }: ServiceEvent): string {
  return bootFile === undefined ? '' : `, to boot ${bootFile}`
}

function itsEntry({ entry }: ServiceEvent): string {
  return entry ?? 'its system'
}

function fileOf({ file }: ServiceEvent): string {
  return file ?? 'a file'
}

function amount({ bytes, ms }: ServiceEvent): string {
  if (bytes === undefined) return ''
  const time = ms === undefined ? '' : ` in ${formatDuration(ms)}`
  return ` (${formatBytes(bytes)}${time})`
}

function near({ nearest }: ServiceEvent): string {
  return nearest === undefined ? '' : ` (there is ${nearest})`
}

function because({ reason }: ServiceEvent): string {
  return reason === undefined ? '' : `: ${reason}`
}
