/**
 * What is known of the machines out there, learnt from events alone: addresses, firmware, and the
 * last steps of each boot. Bounded in machines and in steps, so that a flood of invented addresses
 * only pushes out the oldest. Nothing here is needed to serve a boot.
 */
import type { Mac } from '../core/address.ts'
import type { EventType, ServiceEvent } from '../core/events.ts'
import { isIpv6 } from '../core/ipv6.ts'

export interface SeenMachine {
  readonly mac: Mac
  /** From the configuration. */
  readonly name?: string | undefined
  /** Where it was seen last. */
  readonly ip?: string | undefined
  /** Where it was seen, of both families, the last first. */
  readonly addresses: readonly string[]
  readonly firmware?: string | undefined
  readonly stage?: string | undefined
  /** What it was last told to boot: an entry, or `menu`. */
  readonly entry?: string | undefined
  /** Epoch milliseconds, as in `lastSeen`. */
  readonly firstSeen: number
  readonly lastSeen: number
  /** Oldest first. */
  readonly steps: readonly ServiceEvent[]
}

export interface MachineTableOptions {
  readonly nameOf?: ((mac: Mac) => string | undefined) | undefined
  readonly maxMachines?: number | undefined
  readonly maxSteps?: number | undefined
}

export class MachineTable {
  readonly #nameOf: (mac: Mac) => string | undefined
  readonly #maxMachines: number
  readonly #maxSteps: number
  /** Least recently seen first: a `Map` keeps the order of insertion. */
  readonly #machines = new Map<Mac, SeenMachine>()
  readonly #macs = new Map<string, Mac>()

  constructor(options: MachineTableOptions = {}) {
    this.#nameOf = options.nameOf ?? (() => undefined)
    this.#maxMachines = options.maxMachines ?? 1024
    this.#maxSteps = options.maxSteps ?? 60
  }

  observe(event: ServiceEvent): void {
    const mac = event.mac ?? (event.ip === undefined ? undefined : this.#macs.get(event.ip))
    if (mac === undefined) return
    const known = this.#machines.get(mac)
    if (known === undefined && unasked.has(event.type)) return
    this.#keep({ ...this.#after(event, known), mac, name: this.#nameOf(mac) }, known)
  }

  byMac(mac: Mac): SeenMachine | undefined {
    return this.#machines.get(mac)
  }

  byIp(ip: string): SeenMachine | undefined {
    const mac = this.#macs.get(ip)
    return mac === undefined ? undefined : this.#machines.get(mac)
  }

  /** Most recently seen first. */
  list(): readonly SeenMachine[] {
    return [...this.#machines.values()].toReversed()
  }

  #after(event: ServiceEvent, known: SeenMachine | undefined): Omit<SeenMachine, 'mac' | 'name'> {
    const addresses = addressesAfter(event, known)
    return {
      ip: addresses[0],
      addresses,
      firmware: event.firmware ?? known?.firmware,
      stage: event.stage ?? known?.stage,
      entry: event.type === 'menu.served' ? event.entry : known?.entry,
      ...seenAfter(event, known),
      steps: [...(known?.steps ?? []), event].slice(-this.#maxSteps),
    }
  }

  #keep(seen: SeenMachine, known: SeenMachine | undefined): void {
    if (known !== undefined) this.#forget(known)
    for (const ip of seen.addresses) this.#takeFromOther(ip, seen.mac)
    this.#machines.set(seen.mac, seen)
    for (const ip of seen.addresses) this.#macs.set(ip, seen.mac)
    const oldest = this.#machines.values().next().value
    if (this.#machines.size > this.#maxMachines && oldest !== undefined) this.#forget(oldest)
  }

  /** An address has one machine: that which was seen there last. */
  #takeFromOther(ip: string, mac: Mac): void {
    const former = this.#machines.get(this.#macs.get(ip) ?? mac)
    if (former === undefined || former.mac === mac) return
    const addresses = former.addresses.filter((other) => other !== ip)
    this.#machines.set(former.mac, { ...former, addresses, ip: addresses[0] })
  }

  #forget(machine: SeenMachine): void {
    this.#machines.delete(machine.mac)
    for (const ip of machine.addresses) this.#macs.delete(ip)
  }
}

/**
 * The steps as boots, oldest first. A boot begins when firmware asks for an address and the step
 * before was no such question, when anything asks or loads by TFTP after the system was up, or after
 * ten minutes.
 */
export function splitBoots(steps: readonly ServiceEvent[]): readonly (readonly ServiceEvent[])[] {
  const boots: ServiceEvent[][] = []
  let isUp = false
  let previous: ServiceEvent | undefined
  for (const step of steps) {
    const current = boots.at(-1)
    if (current === undefined || beginsBoot(step, previous, isUp)) {
      boots.push([step])
      isUp = false
    } else current.push(step)
    isUp ||= step.type === 'machine.up'
    previous = step
  }
  return boots
}

const longestPause = 600_000

const questions: ReadonlySet<EventType> = new Set(['dhcp.discover', 'dhcp.offer', 'proxy.offer'])
const promises: ReadonlySet<EventType> = new Set(['dhcp.offer', 'dhcp.discover', 'dhcp.ignore'])
const losesAddress: ReadonlySet<EventType> = new Set(['dhcp.release', 'dhcp.decline', 'dhcp.nak'])

/** What is told of a machine that may not even be there: orders, and what is found at a start. */
const unasked: ReadonlySet<EventType> = new Set([
  'install.armed',
  'install.refused',
  'install.stopped',
  'host.next',
])

function seenAfter(
  { type, at }: ServiceEvent,
  known: SeenMachine | undefined,
): Pick<SeenMachine, 'firstSeen' | 'lastSeen'> {
  const { firstSeen = at, lastSeen = at } = known ?? {}
  return { firstSeen, lastSeen: unasked.has(type) ? lastSeen : at }
}

/** Addresses of one machine: a pair of IPv4 (firmware's, system's), link-local, global, a few more. */
const mostAddresses = 8

/** An offer is not yet an address: another server's may be taken. These events are all of IPv4. */
function addressesAfter(
  { type, ip }: ServiceEvent,
  { addresses: known }: Pick<SeenMachine, 'addresses'> = { addresses: [] },
): readonly string[] {
  if (losesAddress.has(type)) return known.filter(isIpv6)
  const isUnknown = ip === undefined || ip === '' // the connection had broken
  if (isUnknown || promises.has(type) || known[0] === ip) return known
  return [ip, ...known.filter((other) => other !== ip)].slice(0, mostAddresses)
}

function beginsBoot(
  step: ServiceEvent,
  previous: ServiceEvent | undefined,
  isUp: boolean,
): boolean {
  if (previous !== undefined && unasked.has(step.type)) return false
  if (previous === undefined || step.at - previous.at > longestPause) return true
  // Who boots beside another server, or over IPv6, is seen only when its firmware fetches.
  if (isUp && step.type === 'tftp.start') return true
  if (!questions.has(step.type) || questions.has(previous.type)) return false
  return step.stage === 'firmware' || (isUp && step.stage !== 'system')
}
