/**
 * Installing once, put together: which hosts install themselves, what DHCP and menus see of them,
 * who hands out their answers and who takes orders.
 */
import { join } from 'node:path'
import type { Mac } from '../core/address.ts'
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import type { ServiceEvent } from '../core/events.ts'
import type { Host } from '../boot/host.ts'
import type { AnswersOf } from '../boot/install/answers.ts'
import { type Catalog, type Entry, allEntries } from '../boot/menu/catalog.ts'
import { newSecret, openApiToken } from '../io/store/api-token.ts'
import type { MachineStore } from '../io/store/machine-store.ts'
import { HostOrders } from '../server/boot/host-orders.ts'
import { InstallAnswers } from '../server/boot/install-answers.ts'
import { InstallTurns } from '../server/boot/install-turns.ts'
import { Installs, type InstallsOptions } from '../server/boot/installs.ts'
import type { EventHub } from '../server/event-hub.ts'
import type { HostsApiOptions } from '../server/http/hosts-api.ts'
import type { Config } from './config/config-schema.ts'
import { checkInstalls } from './install-check.ts'
import { kickstartOf } from './kickstart/kickstart-host.ts'
import { LiveHosts } from './live-hosts.ts'
import type { MacLookup } from './mac-lookup.ts'
import type { Site } from './site.ts'

export interface HostInstalls {
  /** The hosts of the configuration as they are to boot now. */
  readonly hosts: ReadonlyMap<Mac, Host>
  readonly turns: InstallTurns
  readonly answers: InstallAnswers
  readonly api: Omit<HostsApiOptions, 'emit'>
  /** The entry that it will be told when it asks next; undefined where the configuration does not name it. */
  nextBoot(mac: Mac): string | undefined
  /** Looks at the answers of all that are armed, and says what a person should know. */
  check(): Promise<void>
}

export interface InstallParts {
  readonly config: Config
  readonly site: Pick<Site, 'hosts' | 'catalog'>
  readonly learned: MachineStore
  readonly macs: Pick<MacLookup, 'certain' | 'proven'>
  readonly hub: EventHub
  readonly clock: Clock
  readonly answersOf: AnswersOf
}

/** Throws SystemError where the token of the API can be neither read nor made. */
export function hostInstalls(parts: InstallParts): HostInstalls {
  const { config, site, learned, macs, hub, clock, answersOf } = parts
  const { emit } = hub
  const known = installKnowledge(config, site.catalog)
  const about = { ...known, hosts: site.hosts, emit, clock }
  const installs = new Installs({ ...about, store: learned, newToken: newSecret })
  const imageUrl = (entry: string, url: string) => `${url}/${imageOf(entry, site.catalog)}`
  const hosts = () => site.hosts.values()
  const answers = new InstallAnswers({
    installs,
    answersOf,
    imageUrl,
    macOf: macs.proven,
    emit,
    clock,
  })
  const prove = (host: Host, token: string) => answers.prove(host, token, ownUrl)
  const entries = () => bootNames(site.catalog)
  const orders = new HostOrders({ ...known, installs, prove, entries, emit })
  // What is no entry yet may be an image that is still looked at.
  const isInstaller = (host: Host) =>
    known.hasAnswers(host) && (known.canInstall(host.boot) || !entries().includes(host.boot))
  hub.subscribe((event) => hear(event, installs, hub))
  return {
    hosts: new LiveHosts(site.hosts, (mac) => installs.hostOf(mac)),
    turns: new InstallTurns({ installs, answers, macOf: macs.certain, emit, clock }),
    answers,
    api: { orders, token: openApiToken(join(config.data, 'api-token')) },
    nextBoot: (mac) => installs.nextHost(mac)?.boot,
    check: () => checkInstalls({ installs, hosts, prove, isInstaller, data: config.data, emit }),
  }
}

/** What answers are looked at with while no machine asks for them. */
const ownUrl = 'http://127.0.0.1'

/** Which hosts and entries can install, as far as configuration and images say. */
export function installKnowledge(
  { images, hosts }: Pick<Config, 'images' | 'hosts'>,
  catalog: Catalog,
): Pick<InstallsOptions, 'hasAnswers' | 'canInstall'> {
  const own = new Map(hosts.map((host) => [host.mac, host]))
  const names = Object.keys(images).toSorted((a, b) => b.length - a.length)
  // Of an image that is away the entry's name tells: NAME, NAME-hwe.
  const imageName = (entry: string) =>
    entriesOf(entry, catalog).length > 0
      ? imageOf(entry, catalog).replace(/^boot\//, '')
      : (names.find((name) => `${entry}-`.startsWith(`${name}-`)) ?? entry)
  return {
    hasAnswers: ({ mac, boot }) =>
      kickstartOf(own.get(mac) ?? {}, images, imageName(boot)) !== undefined,
    canInstall: (name) => entriesOf(name, catalog).some(canInstall),
  }
}

/** What `boot:` of a host can say now. */
export function bootNames(catalog: Catalog): readonly string[] {
  const entries = allEntries(catalog.entries).filter(({ type }) => type !== 'group')
  return [...new Set(['menu', 'disk', ...entries.map(({ name }) => name)])]
}

function entriesOf(name: string, { entries }: Catalog): readonly Entry[] {
  return allEntries(entries).filter((entry) => entry.name === name)
}

function canInstall(entry: Entry): boolean {
  return (entry.type === 'linux' || entry.type === 'esxi') && entry.install !== undefined
}

/** Its folder in the boot tree. */
function imageOf(name: string, catalog: Catalog): string {
  const [entry] = entriesOf(name, catalog)
  if (entry?.type === 'esxi') return entry.image
  const path = entry?.type === 'linux' ? entry.kernel : ''
  return /^\/?(boot\/[^/]+)\//.exec(path)?.[1] ?? `boot/${name}`
}

function hear({ type, mac, stage }: ServiceEvent, installs: Installs, hub: EventHub): void {
  if (type !== 'dhcp.discover' || mac === undefined || stage === 'system') return
  try {
    installs.powered(mac)
  } catch (error) {
    hub.emit({ type: 'service.hint', mac, reason: messageOf(error) })
  }
}
