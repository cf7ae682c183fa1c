/**
 * A small site whose hosts install themselves: menus, answers and API behind one HTTP server that is
 * asked from any address, on a real database that outlives a restart. No network, no real clock.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { type Mac, parseMac } from '../../src/core/address.ts'
import { SystemError } from '../../src/core/errors.ts'
import type { ServiceEvent } from '../../src/core/events.ts'
import { configSchema } from '../../src/app/config/config-schema.ts'
import { type HostInstalls, hostInstalls } from '../../src/app/host-installs.ts'
import { siteOf } from '../../src/app/site.ts'
import type { AnswerFile, AnswersOf } from '../../src/boot/install/answers.ts'
import { MachineTable } from '../../src/boot/machine-table.ts'
import type { Entry } from '../../src/boot/menu/catalog.ts'
import { type MachineStore, openMachineStore } from '../../src/io/store/machine-store.ts'
import { answersRoute } from '../../src/server/boot/answers-route.ts'
import { generatedTree } from '../../src/server/boot/boot-tree.ts'
import { lockedMenuRoute } from '../../src/server/boot/locked-menu.ts'
import { EventHub } from '../../src/server/event-hub.ts'
import { buildHttpServer } from '../../src/server/http/http-server.ts'

export function macOf(text: string): Mac {
  const mac = parseMac(text)
  if (mac === undefined) throw new Error(`${text} is no MAC address`)
  return mac
}

export const victim = { mac: macOf('52:54:00:00:00:01'), ip: '192.168.50.11', name: 'web-01' }
export const neighbour = { mac: macOf('52:54:00:00:00:66'), ip: '192.168.50.66' }
export const server = 'http://192.168.50.1'

export const photonEntry: Entry = {
  type: 'linux',
  name: 'photon',
  title: 'Photon OS',
  kernel: 'boot/photon/isolinux/vmlinuz',
  initrd: [],
  args: 'repo=${image}/RPMS',
  install: 'repo=${image}/RPMS ks=${answers}/ks.json',
}

const rescueEntry: Entry = {
  ...photonEntry,
  name: 'rescue',
  kernel: 'boot/rescue/vmlinuz',
  install: undefined,
}

export interface InstallSiteOptions {
  /** Of the host, beside its name and address. */
  readonly host?: object
  /** More of the configuration. */
  readonly config?: object
  readonly answersOf?: AnswersOf
}

export class InstallSite implements AsyncDisposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'bootlace-install-'))
  readonly events: ServiceEvent[] = []
  /** Whose address it is, as leases and neighbours tell. */
  readonly machines = new Map<string, Mac>([
    [victim.ip, victim.mac],
    [neighbour.ip, neighbour.mac],
  ])
  /** The images that are there. */
  entries: Entry[] = [photonEntry, rescueEntry]
  /** Epoch milliseconds. */
  now = 1_800_000_000_000
  /** Nothing more can be stored. */
  isDiskFull = false
  /** How often answers were rendered. */
  rendered = 0
  /** How often the database was asked what is stored. */
  reads = 0
  installs: HostInstalls
  #options: InstallSiteOptions
  #store: MachineStore
  #hub: EventHub
  #server: FastifyInstance

  constructor(options: InstallSiteOptions = {}) {
    this.#options = options
    const running = this.#start()
    this.installs = running.installs
    this.#store = running.store
    this.#hub = running.hub
    this.#server = running.http
  }

  /** As after a power cut of Bootlace itself; with another configuration where one is given. */
  async restart(options: InstallSiteOptions = this.#options): Promise<void> {
    await this.#stop()
    this.#options = options
    const running = this.#start()
    this.installs = running.installs
    this.#store = running.store
    this.#hub = running.hub
    this.#server = running.http
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Asks as a machine at this address. */
  async ask(
    path: string,
    { ip = victim.ip, method = 'GET', payload, headers = {} }: Question = {},
  ): Promise<{ status: number; text: string; headers: Record<string, unknown> }> {
    const answer = await this.#server.inject({
      method,
      url: path,
      remoteAddress: ip,
      headers: { host: '192.168.50.1', ...headers },
      ...(payload === undefined ? {} : { payload }),
    })
    return { status: answer.statusCode, text: answer.body, headers: answer.headers }
  }

  /** The victim's menu for iPXE. */
  async menu(ip: string = victim.ip): Promise<string> {
    return (await this.ask(`/menu.ipxe?mac=${victim.mac}`, { ip })).text
  }

  /** The path of its answers, as its menu says it. */
  async answersPath(): Promise<string> {
    const path = /ks=http:\/\/[^/]+(\/ks\/[\w-]+)\/ks\.json/.exec(await this.menu())?.[1]
    if (path === undefined) throw new Error('the menu does not lead to any answers')
    return path
  }

  /** Its firmware asks for an address, a minute later. */
  power(): void {
    this.now += 60_000
    this.#hub.emit({ type: 'dhcp.discover', mac: victim.mac, stage: 'firmware' })
  }

  /** On loopback, for those who ask over a real connection; answers the port. */
  async listen(): Promise<number> {
    const address = await this.#server.listen({ host: '127.0.0.1', port: 0 })
    return Number(new URL(address).port)
  }

  state(): string | undefined {
    return this.installs.api.orders.list()[0]?.install?.state
  }

  /** The last event of this type. */
  told(type: ServiceEvent['type']): ServiceEvent | undefined {
    return this.events.findLast((event) => event.type === type)
  }

  types(): string[] {
    return this.events.map(({ type }) => type)
  }

  #start() {
    const { host = {}, config: more = {} } = this.#options
    const config = configSchema.parse({
      data: this.folder,
      hosts: [
        { name: victim.name, mac: victim.mac, boot: 'photon', kickstart: 'ks.json', ...host },
      ],
      ...more,
    })
    const clock = () => this.now
    const names = new Map(config.hosts.map(({ mac, name }) => [mac, name]))
    const hub = new EventHub(clock, thrown, (mac) => names.get(mac))
    hub.subscribe((event) => void this.events.push(event))
    const store = openMachineStore(join(this.folder, 'machines.db'))
    const site = siteOf(config, () => this.entries)
    const find = (ip: string) => this.machines.get(ip)
    const macs = { certain: find, proven: find }
    const answersOf: AnswersOf = (name, urls) => {
      this.rendered += 1
      return (this.#options.answersOf ?? plainAnswers)(name, urls)
    }
    const learned: MachineStore = {
      get: (mac, key) => {
        this.reads += 1
        return store.get(mac, key)
      },
      set: (mac, key, value) => {
        if (this.isDiskFull) throw new SystemError('the machine database cannot be used: disk full')
        store.set(mac, key, value)
      },
      entries: (key) => {
        this.reads += 1
        return store.entries(key)
      },
      close: () => store.close(),
    }
    const installs = hostInstalls({ config, site, learned, macs, hub, clock, answersOf })
    const { hosts, turns, answers, api } = installs
    const machines = new MachineTable()
    const menus = {
      catalog: site.catalog,
      hosts,
      turns,
      loaders: new Set<string>(),
      httpPort: 80,
      macOf: find,
      firmwareOf: () => undefined,
      emit: hub.emit,
    }
    const http = buildHttpServer({
      tree: generatedTree(menus),
      catalog: site.catalog,
      machines,
      hub,
      macOf: find,
      leases: () => [],
      mirrors: () => [],
      serving: () => [],
      hosts: api,
      isReady: () => true,
      clock,
    })
    answersRoute(http, { answers, httpPort: 80, emit: hub.emit })
    lockedMenuRoute(http, { ...menus, clock })
    return { installs, store, hub, http }
  }

  async #stop(): Promise<void> {
    await this.#server.close()
    this.#store.close()
  }
}

function thrown(error: unknown): never {
  throw error
}

interface Question {
  readonly ip?: string
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  readonly payload?: string | object
  readonly headers?: Record<string, string>
}

/** What a test's answers say, so that it can be seen in them. */
function plainAnswers(
  host: string,
  { server: url, answers, done, image }: Parameters<AnswersOf>[1],
): Promise<readonly AnswerFile[]> {
  const text = JSON.stringify({ host, url, answers, done, image })
  return Promise.resolve([{ name: 'ks.json', type: 'application/json; charset=utf-8', text }])
}
