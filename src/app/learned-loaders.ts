/**
 * Which boot loader each machine runs, learned from the events while it boots and kept over
 * restarts. What is learned, and from what, is boot/loader/loader-watch.ts.
 */
import { messageOf } from '../core/errors.ts'
import type { Mac } from '../core/address.ts'
import { readStanding } from '../boot/loader/loader-ladder.ts'
import { LoaderWatch } from '../boot/loader/loader-watch.ts'
import type { MachineStore } from '../io/store/machine-store.ts'
import type { EventHub } from '../server/event-hub.ts'
import type { Site } from './site.ts'

export interface LearningParts {
  readonly site: Pick<Site, 'hosts'>
  readonly hub: EventHub
  readonly learned: MachineStore
}

/** Learns from now on, and tells what it learns as events. `loaders` are those that are there. */
export function learnLoaders(
  { site, hub, learned }: LearningParts,
  loaders: ReadonlySet<string>,
): LoaderWatch {
  const watch = new LoaderWatch({
    loaders,
    isAutomatic: (mac) => isAutomatic(mac, site),
    recall: (mac) => readStanding(learned.get(mac, 'loader')),
    keep: (mac, standing) => {
      try {
        learned.set(mac, 'loader', standing)
      } catch (error) {
        hub.emit({ type: 'service.hint', mac, reason: messageOf(error) })
      }
    },
  })
  hub.subscribe((event) => {
    const news = watch.observe(event)
    if (news !== undefined) hub.emit(news)
  })
  return watch
}

/** Nobody said what this machine takes; for Auto Deploy, VMware's own loaders go first. */
function isAutomatic(mac: Mac, { hosts }: Pick<Site, 'hosts'>): boolean {
  const host = hosts.get(mac)
  return host === undefined || (host.loader === 'auto' && host.boot !== 'autodeploy')
}
