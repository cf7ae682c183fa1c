/**
 * What the parts of the service share: what is known of hosts, machines, leases and images, opened
 * and put together. Starts nothing, and listens to nobody outside.
 */
import { join } from 'node:path'
import type { Mac } from '../core/address.ts'
import type { Clock } from '../core/clock.ts'
import type { Emit } from '../core/events.ts'
import { MachineTable } from '../boot/machine-table.ts'
import { type NetworkInterface, listInterfaces, selectInterfaces } from '../io/net/interfaces.ts'
import { type LeaseStore, openLeaseStore } from '../io/store/lease-store.ts'
import { type MachineStore, openMachineStore } from '../io/store/machine-store.ts'
import { LeaseTable } from '../protocol/dhcp/lease-table.ts'
import type { EventHub } from '../server/event-hub.ts'
import type { Config } from './config/config-schema.ts'
import { ImageLibrary } from './image-library.ts'
import { namedImages, takenNames } from './command/image-names.ts'
import { type HostInstalls, hostInstalls } from './host-installs.ts'
import { hostAnswers } from './kickstart/host-answers.ts'
import { type MacLookup, macLookup } from './mac-lookup.ts'
import { type Site, siteOf } from './site.ts'
import { type TinyvmSettings, tinyvmSettings } from './tinyvm-settings.ts'

/** What the parts share while they are put together. */
export interface Parts {
  readonly config: Config
  readonly site: Site
  readonly clock: Clock
  readonly hub: EventHub
  readonly emit: Emit
  readonly machines: MachineTable
  /** What was learned about machines, over restarts. */
  readonly learned: MachineStore
  readonly leases: LeaseTable
  readonly interfaces: () => NetworkInterface[]
  readonly macs: MacLookup
  readonly images: ImageLibrary
  readonly installs: HostInstalls
  readonly tinyvm: TinyvmSettings
}

export interface Stores {
  readonly leases: LeaseStore
  readonly learned: MachineStore
}

export function openStores(folder: string, opened: AsyncDisposableStack): Stores {
  const leases = openLeaseStore(join(folder, 'leases.db'))
  opened.defer(() => leases.close())
  const learned = openMachineStore(join(folder, 'machines.db'))
  opened.defer(() => learned.close())
  return { leases, learned }
}

/** Nothing is started by that. Throws SystemError. */
export function assemble(config: Config, hub: EventHub, clock: Clock, stores: Stores): Parts {
  const images = new ImageLibrary({
    named: () => namedImages(config),
    taken: takenNames(config),
    emit: hub.emit,
    clock,
  })
  const configured = siteOf(config, () => images.entries())
  const leases = new LeaseTable(stores.leases.load(), configured.subnets)
  const machines = new MachineTable({ nameOf: namesOf(config) })
  hub.subscribe((event) => machines.observe(event))
  const macs = macLookup({ leases, machines, clock })
  const interfaces = () => selectInterfaces(config.interfaces, listInterfaces())
  const { learned } = stores
  const answersOf = hostAnswers({ config, imageOf: (entry) => images.imageOf(entry) })
  const about = { config, site: configured, learned, macs, hub, clock }
  const installs = hostInstalls({ ...about, answersOf })
  const site = { ...configured, hosts: installs.hosts }
  const tinyvm = tinyvmSettings({ config, site, learned, leases, clock })
  const known = { machines, learned, leases, macs, images, installs, tinyvm }
  return { config, site, clock, hub, emit: hub.emit, interfaces, ...known }
}

export function namesOf({ hosts }: Config): (mac: Mac) => string | undefined {
  const names = new Map(hosts.map(({ mac, name }) => [mac, name]))
  return (mac) => names.get(mac)
}
