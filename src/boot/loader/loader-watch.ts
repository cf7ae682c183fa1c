/**
 * Watches machines take their boot loader, by events alone, and says what each showed: that the
 * loader runs, or that it arrived whole and was never started. What follows from that is
 * loader-ladder.ts. Keeps one attempt per machine, bounded; what lasts goes through `keep`.
 *
 * An attempt begins when firmware asks DHCP. It ends well with a word of the loader: a request for
 * any other file, or DHCP as iPXE. It ends badly when, after the loader arrived whole and before
 * such a word, firmware asks again (OVMF goes on to its next boot entry: from PXE to HTTP boot) or
 * an operating system does (the machine went on to its disk).
 */
import type { Mac } from '../../core/address.ts'
import type { EventType, ServiceEvent } from '../../core/events.ts'
import { type Firmware, isFirmware } from './firmware.ts'
import { type NamedLoader, ladderOf, shim } from './loader-files.ts'
import { type Rung, type Standing, afterRun, afterSilence } from './loader-ladder.ts'
import type { Machine } from '../machine.ts'
import { treePath } from '../tree-path.ts'

export interface LoaderWatchOptions {
  /** Paths of the loaders that are there. */
  readonly loaders: ReadonlySet<string>
  /** Nobody said what this machine takes. */
  readonly isAutomatic: (mac: Mac) => boolean
  readonly recall: (mac: Mac) => Standing | undefined
  readonly keep: (mac: Mac, standing: Standing) => void
}

type News = Omit<ServiceEvent, 'at'>

interface Attempt {
  readonly xid: number | undefined
  readonly firmware: Firmware
  /** When firmware asked, and when the whole loader had left; epoch milliseconds. */
  readonly began: number
  readonly arrived?: number
  /** What it was told to load: a path in the boot tree. */
  readonly file?: string
}

const mostAttempts = 1024
/** Later, nobody knows what the machine did meanwhile. */
const longestSilence = 24 * 3600_000
/** No machine starts anew in less: the same question within it is an echo of a network. */
const shortestRestart = 1000

export class LoaderWatch {
  readonly #options: LoaderWatchOptions
  /** Oldest first. */
  readonly #attempts = new Map<Mac, Attempt>()

  constructor(options: LoaderWatchOptions) {
    this.#options = options
  }

  /** What the machine gets first; undefined where nothing is known. */
  firstLoader({ mac, architecture }: Machine): NamedLoader | undefined {
    const standing = this.#options.recall(mac)
    return standing?.firmware === architecture?.firmware ? standing?.loader : undefined
  }

  /** Answers what people should know of it. */
  observe(event: ServiceEvent): News | undefined {
    const { mac } = event
    if (mac === undefined || !this.#options.isAutomatic(mac)) return undefined
    const attempt = this.#attempts.get(mac)
    if (event.type === 'dhcp.discover' && event.stage === 'firmware') {
      return this.#begin(mac, event, attempt)
    }
    if (attempt === undefined) return undefined
    if (hasWord(event, attempt)) return this.#runs(mac, attempt)
    if (isSystem(event, attempt)) return this.#silent(mac, attempt, event.at)
    const progress = progressOf(event, attempt)
    if (progress !== undefined) this.#attempts.set(mac, { ...attempt, ...progress })
    return undefined
  }

  #begin(mac: Mac, event: ServiceEvent, last: Attempt | undefined): News | undefined {
    if (last !== undefined && isEcho(event, last)) return undefined
    const news = last === undefined ? undefined : this.#silent(mac, last, event.at)
    const { firmware, xid, at } = event
    this.#attempts.delete(mac)
    if (isFirmware(firmware)) this.#attempts.set(mac, { firmware, xid, began: at })
    const oldest = this.#attempts.keys().next().value
    if (this.#attempts.size > mostAttempts && oldest !== undefined) this.#attempts.delete(oldest)
    return news
  }

  #runs(mac: Mac, { firmware, file }: Attempt): News | undefined {
    this.#attempts.delete(mac)
    const rung = this.#rungs(firmware).find((each) => each.file === file)
    if (rung === undefined) return undefined
    const before = this.#options.recall(mac)
    const standing = afterRun(firmware, rung.loader, before)
    if (standing === undefined) return undefined
    this.#options.keep(mac, standing)
    return { type: 'loader.works', mac, firmware, file }
  }

  #silent(mac: Mac, { firmware, file, arrived }: Attempt, now: number): News | undefined {
    this.#attempts.delete(mac)
    if (arrived === undefined || now - arrived > longestSilence) return undefined
    const rungs = this.#rungs(firmware)
    const rung = rungs.find((each) => each.file === file)
    if (rung === undefined) return undefined
    const before = this.#options.recall(mac)
    const standing = afterSilence(firmware, rung.loader, { before, rungs })
    this.#options.keep(mac, standing)
    const bootFile = rungs.find(({ loader }) => loader === standing.loader)?.file
    const reason = reasonFor(rung, { standing, next: bootFile })
    return { type: 'loader.silent', mac, firmware, file, bootFile, reason }
  }

  #rungs(firmware: Firmware): readonly Rung[] {
    return ladderOf(firmware, this.#options.loaders)
  }
}

function isEcho({ xid, at }: ServiceEvent, { xid: before, arrived }: Attempt): boolean {
  return xid === before && arrived !== undefined && at - arrived < shortestRestart
}

/** What brings an attempt on: the file that was told, and that all of it has left. */
function progressOf(event: ServiceEvent, attempt: Attempt): Partial<Attempt> | undefined {
  if (event.stage === 'firmware' && event.bootFile !== undefined) {
    return { file: pathOf(event.bootFile) }
  }
  const isWhole = event.type === 'tftp.done' || (event.type === 'http.done' && event.status === 200)
  if (!isWhole || begunAt(event) < attempt.began) return undefined
  return isLoader(event, attempt) ? { arrived: event.at } : undefined
}

const fileEvents: ReadonlySet<EventType> = new Set([
  ...(['tftp.start', 'tftp.probe', 'tftp.missing', 'tftp.done'] as const),
  ...(['http.done', 'http.missing', 'http.abort', 'menu.served'] as const),
])

/** A word of the loader. A transfer that began before this attempt is the last boot's. */
function hasWord(event: ServiceEvent, attempt: Attempt): boolean {
  if (event.stage === 'ipxe') return true
  if (!fileEvents.has(event.type) || attempt.file === undefined) return false
  if (begunAt(event) < attempt.began || isLoader(event, attempt)) return false
  return !(shim.isShim(attempt.file) && shim.isPart(event.file ?? ''))
}

/** SYSLINUX for UEFI and GRUB ask DHCP themselves, and look like a system when they do. */
function isSystem({ stage }: ServiceEvent, { file, arrived }: Attempt): boolean {
  if (stage !== 'system' || arrived === undefined || file === undefined) return false
  return !shim.isShim(file) && !/(^|\/)(syslinux|grub\w*)\.efi$/i.test(file)
}

function isLoader({ file }: ServiceEvent, attempt: Attempt): boolean {
  return pathOf(file ?? '').toLowerCase() === attempt.file?.toLowerCase()
}

/** The path of a URL, or a path as any client writes it. */
function pathOf(text: string): string {
  const path = text.replace(/^[a-z]+:\/\/[^/]*/i, '')
  return treePath(path)?.join('/') ?? path
}

function begunAt({ at, ms }: ServiceEvent): number {
  return at - (ms ?? 0)
}

function reasonFor(
  { loader, file }: Rung,
  { standing, next }: { readonly standing: Standing; readonly next: string | undefined },
): string {
  const isSame = standing.loader === loader
  if (isSame && standing.runs) {
    return `${file} arrived whole but was not started; it ran on this machine before, so it stays`
  }
  const isUnsigned = standing.firmware !== 'bios' && !shim.isShim(file)
  const cause = isUnsigned ? ', as when Secure Boot refuses an unsigned loader' : ''
  const told = `${file} arrived whole but was never started${cause}`
  return isSame
    ? `${told}; there is no other loader for it in pxelinux/`
    : `${told}; from now on this machine gets ${next ?? 'another'}`
}
