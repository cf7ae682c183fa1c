/** What the HTTP service is made from, and the shapes in which it shows what others know. */
import type { Mac } from '../../core/address.ts'
import type { Clock } from '../../core/clock.ts'
import type { Catalog } from '../../boot/menu/catalog.ts'
import type { MachineTable } from '../../boot/machine-table.ts'
import type { FileTree } from '../../io/files/file-tree.ts'
import type { EventHub } from '../event-hub.ts'
import type { MirrorStats } from '../mirror/mirror-exchange.ts'
import type { HostsApiOptions } from './hosts-api.ts'
import type { TinyvmApiOptions } from '../boot/tinyvm-api.ts'

/** One address that was given, as the API and the page show it. */
export interface LeaseView {
  readonly ip: string
  readonly mac?: string | undefined
  readonly hostName?: string | undefined
  /** Epoch milliseconds. */
  readonly expires: number
}

/** What the page and the API show of a mirror. */
export type MirrorView = Pick<
  MirrorStats,
  | 'name'
  | 'origin'
  | 'hits'
  | 'joins'
  | 'fills'
  | 'passes'
  | 'originBytes'
  | 'servedBytes'
  | 'sparedMs'
>

export interface HttpServerOptions {
  /** The whole boot tree, as TFTP serves it, too. */
  readonly tree: FileTree
  /** The user's own folder, under `/files/`. */
  readonly userFiles?: FileTree | undefined
  readonly catalog: Catalog
  readonly machines: MachineTable
  readonly hub: EventHub
  readonly macOf: (ip: string) => Mac | undefined
  /** Addresses that are held now. */
  readonly leases: () => readonly LeaseView[]
  readonly mirrors: () => readonly MirrorView[]
  /** What is served where, a line each: for the page. */
  readonly serving: () => readonly string[]
  /** The hosts of the configuration, and orders to them. */
  readonly hosts?: Omit<HostsApiOptions, 'emit'> | undefined
  /** What a running TinyVM asks of us. */
  readonly tinyvm?: Omit<TinyvmApiOptions, 'emit'> | undefined
  /** For Prometheus, as text. */
  readonly metrics?: (() => Promise<string>) | undefined
  readonly isReady: () => boolean
  readonly clock: Clock
}
