/**
 * The composition root: builds every part from a configuration, starts them in order and stops
 * them in reverse, also when a later one fails to start. Files are served before the first machine
 * is answered.
 */
import { mkdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { type Mac, formatIpv4 } from '../core/address.ts'
import type { Clock } from '../core/clock.ts'
import { type EsxiEntry, withFiles } from '../boot/menu/catalog.ts'
import { bootPlanner } from '../boot/plan.ts'
import { addressTexts, listInterfaces } from '../io/net/interfaces.ts'
import type { LeaseStore } from '../io/store/lease-store.ts'
import { native } from '../io/net/native.ts'
import { LeaseTable } from '../protocol/dhcp/lease-table.ts'
import { DhcpServer } from '../server/dhcp/dhcp-server.ts'
import { EventHub } from '../server/event-hub.ts'
import { HttpListeners } from '../server/http/http-listeners.ts'
import { buildHttpServer } from '../server/http/http-server.ts'
import type { LeaseView } from '../server/http/http-options.ts'
import { esxiEntryOf } from '../server/boot/esxi-tree.ts'
import { answersRoute } from '../server/boot/answers-route.ts'
import { lockedMenuRoute } from '../server/boot/locked-menu.ts'
import { TlsListeners } from '../server/http/tls-listeners.ts'
import { seldom } from '../server/seldom.ts'
import { TftpServer } from '../server/tftp/tftp-server.ts'
import { type BootFiles, bootFiles } from './boot-files.ts'
import type { Config } from './config/config-schema.ts'
import { openingFolder } from './config/folders.ts'
import { ImageLibrary } from './image-library.ts'
import { learnLoaders } from './learned-loaders.ts'
import type { Log } from './log.ts'
import { type OpenMirror, openMirrors } from './mirrors.ts'
import { absences, servingLines } from './serving.ts'
import { missingPaths } from './config/config-paths.ts'
import type { LiveConfig } from './config/live-config.ts'
import { serviceMetrics } from './service-metrics.ts'
import { type Parts, assemble, namesOf, openStores } from './service-parts.ts'

export interface Service {
  stop(): Promise<void>
}

/** Interfaces come and go (taps, VLANs, cables): how often to look, milliseconds. */
const scanInterval = 2000

/** Throws SystemError when something cannot be opened; then nothing stays open. */
export async function startService(
  config: Config,
  { log, clock, live }: { log: Log; clock: Clock; live: LiveConfig },
): Promise<Service> {
  await using opened = new AsyncDisposableStack()
  const hub = new EventHub(clock, (error) => log.bug(error, 'an event listener'), namesOf(config))
  hub.subscribe((event) => log.event(event))

  const stores = await openingFolder({ setting: 'data', folder: config.data }, () => {
    mkdirSync(config.data, { recursive: true })
    return openStores(config.data, opened)
  })
  const parts = assemble(config, hub, clock, stores)
  await openImages(parts.images, opened)
  const files = await bootFiles({ ...parts, macOf: parts.macs.now })

  const openedMirrors = await openMirrors({ ...parts, live, macOf: parts.macs.recent })
  opened.defer(() => openedMirrors.close())
  const mirrors = openedMirrors.all
  const state = { ready: false }
  const dhcp = dhcpServer(parts, files, stores.leases)
  const serving = () => servingLines({ ...parts, mirrors, roleOn: (subnet) => dhcp.roleOn(subnet) })
  const metrics = serviceMetrics(parts, openedMirrors)
  const http = await openHttp({ ...parts, serving, metrics }, files, mirrors, () => state.ready)
  const { port, tls } = config.http
  const servers = [{ server: http, port, tlsPort: tls?.port }, ...mirrors]
  const listeners = await listen(servers, parts, opened)

  const tftp = tftpServer(parts, files)
  opened.defer(() => tftp.stop())
  if (config.tftp.enabled) await tftp.start()

  opened.defer(() => dhcp.stop())
  await dhcp.start()

  const followed = [dhcp, ...listeners, ...(config.tftp.enabled ? [tftp] : [])]
  const failed = (error: unknown) => log.bug(error, 'looking for boot loaders')
  lookAgain([...followed, { rescan: () => files.refresh().catch(failed) }], opened)

  state.ready = true
  sayReady({ ...parts, serving })
  parts.installs.check().catch((error: unknown) => log.bug(error, 'looking at answers'))
  opened.defer(() => hub.emit({ type: 'service.stop' })) // the first to happen at the end
  const running = opened.move()
  return { stop: () => running.disposeAsync() }
}

function lookAgain(
  followed: readonly { rescan(): Promise<unknown> }[],
  opened: AsyncDisposableStack,
): void {
  const timer = setInterval(() => {
    for (const each of followed) void each.rescan()
  }, scanInterval)
  opened.defer(() => clearInterval(timer))
}

/** How long to wait for images at start, milliseconds: large ones take a while to check. */
const imagePatience = 10_000

/** What takes longer is served when it is ready. */
async function openImages(images: ImageLibrary, opened: AsyncDisposableStack): Promise<void> {
  opened.defer(() => images.close())
  const looked = images.refresh()
  await Promise.race([looked, delay(imagePatience, undefined, { ref: false })])
}

/** What is served where, just now. */
interface Told {
  readonly serving: () => readonly string[]
}

async function openHttp(
  parts: Parts & Told & { readonly metrics: () => Promise<string> },
  files: BootFiles,
  mirrors: readonly OpenMirror[],
  isReady: () => boolean,
): Promise<FastifyInstance> {
  const { site, machines, hub, macs, leases, clock, serving, installs, tinyvm, metrics } = parts
  const server = buildHttpServer({
    tree: files.tree,
    userFiles: files.userFiles,
    catalog: withFiles(site.catalog, files.loaders),
    machines,
    hub,
    macOf: macs.recent,
    leases: () => leases.active(clock()).map(leaseView),
    mirrors: () => mirrors.map(({ mirror }) => mirror.stats()),
    serving,
    hosts: installs.api,
    tinyvm: { ...tinyvm, macOf: macs.certain },
    metrics,
    isReady,
    clock,
  })
  lockedMenuRoute(server, { ...files.menus, clock })
  answersRoute(server, { ...files.menus, answers: installs.answers })
  const autodeploy = mirrors.find(({ mirror }) => mirror.name === 'autodeploy')
  if (autodeploy) await server.register(autodeploy.mirror.plugin, { prefix: '/vmw' })
  return server
}

function leaseView(lease: ReturnType<LeaseTable['active']>[number]): LeaseView {
  const { address, mac, hostName, expires } = lease
  return { ip: formatIpv4(address), mac, hostName, expires }
}

/** On every address, or on those of the interfaces that are named and on loopback. */
async function listen(
  servers: readonly Pick<OpenMirror, 'server' | 'port' | 'tlsPort'>[],
  { config, interfaces, emit }: Parts,
  opened: AsyncDisposableStack,
): Promise<readonly (HttpListeners | TlsListeners)[]> {
  const named = () => {
    const loopback = listInterfaces().filter((each) => each.loopback)
    return [...loopback, ...interfaces()].flatMap(addressTexts)
  }
  const addresses = config.interfaces === undefined ? undefined : named
  const { tls: files } = config.http
  const all = servers.flatMap(({ server, port, tlsPort }) => [
    new HttpListeners({ server, port, addresses, emit }),
    ...(files === undefined || tlsPort === undefined
      ? []
      : [new TlsListeners({ server, port: tlsPort, files, addresses, emit })]),
  ])
  for (const listeners of all) {
    opened.defer(() => listeners.stop())
    await listeners.start()
  }
  return all
}

function tftpServer({ config, emit, macs, clock, interfaces }: Parts, files: BootFiles) {
  const addresses = () => interfaces().flatMap(addressTexts)
  const { port } = config.tftp
  const macOf = macs.recent
  return new TftpServer({ addresses, port, tree: files.tree, macOf, emit, clock })
}

/** Not for one that is sent to its disk then: old releases of mboot cannot be told to end. */
function esxiOf({ site, installs }: Parts, mac: Mac): EsxiEntry | undefined {
  const boot = installs.nextBoot(mac)
  return esxiEntryOf(site.catalog, ({ name }) => name === boot)
}

function dhcpServer(parts: Parts, files: BootFiles, store: LeaseStore): DhcpServer {
  const { config, site, leases, emit, clock } = parts
  const interfaces = () => parts.interfaces().filter(({ addresses }) => addresses.length > 0)
  const loaderWatch = learnLoaders(parts, files.loaders)
  // A machine repeats its question every few seconds; the operator needs the reason once.
  const hint = seldom(emit, clock, Infinity)
  const plan = bootPlanner(
    {
      hosts: site.hosts,
      httpPort: config.http.port,
      loaders: files.loaders,
      firstLoader: (machine) => loaderWatch.firstLoader(machine),
      esxi: (mac) => esxiOf(parts, mac),
      tftpPort: config.tftp.port,
    },
    ({ mac }, reason) => hint({ type: 'service.hint', mac, reason }),
  )
  const { port, proxyPort } = config.dhcp
  const { subnets, otherwise, timing } = site
  const options = { interfaces, subnets, otherwise, timing, port, proxyPort, leases, store, plan }
  return new DhcpServer({ ...options, emit, clock })
}

function sayReady(parts: Parts & Told): void {
  const reasons = [...native.lacks, ...absences(parts), ...missingPaths(parts.config)]
  for (const reason of reasons) parts.emit({ type: 'service.hint', reason })
  parts.emit({ type: 'service.ready', detail: parts.serving().join('\n') })
}
