/**
 * Hands out a machine's answers, and hears that it is installed: only by its token, only to its own
 * address, only while it installs. Every try gets the same text. Whoever else asks is refused, and
 * who that was is told.
 *
 * What a machine is comes from its address: our lease, and the kernel's neighbours, which must agree
 * where both know it. Reporting the end needs less, for it leads to the safe side: a machine whose
 * address nobody knows may (an installed system's address is its own affair), another one may not.
 */
import { timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Mac } from '../../core/address.ts'
import type { Clock } from '../../core/clock.ts'
import { InputError, messageOf } from '../../core/errors.ts'
import type { Emit } from '../../core/events.ts'
import type { Host } from '../../boot/host.ts'
import type { AnswerFile, AnswersOf } from '../../boot/install/answers.ts'
import { type InstallRecord, mayFetch } from '../../boot/install/install-state.ts'
import { seldom } from '../seldom.ts'
import type { Installs } from './installs.ts'

export interface InstallAnswersOptions {
  readonly installs: Installs
  readonly answersOf: AnswersOf
  /** URL of the folder of the image that an entry boots. */
  readonly imageUrl: (entry: string, url: string) => string
  /** Whose address it is, where that is beyond doubt. */
  readonly macOf: (ip: string) => Mac | undefined
  readonly emit: Emit
  readonly clock: Clock
}

/** Who asks, and our own URL as it reached us. */
export interface Asker {
  readonly ip: string
  readonly url: string
}

export type Handed =
  | { readonly type: 'file'; readonly file: AnswerFile; readonly host: Host }
  /** It is who it should be, and there is no such file. */
  | { readonly type: 'missing'; readonly names: readonly string[] }
  | { readonly type: 'refused' }

/** More machines than install at once. Rendered anew where they are forgotten. */
const mostRendered = 512

export class InstallAnswers {
  readonly #options: InstallAnswersOptions
  readonly #refused: Emit
  readonly #rendered = new LRUCache<string, readonly AnswerFile[]>({ max: mostRendered })

  constructor(options: InstallAnswersOptions) {
    this.#options = options
    this.#refused = seldom(options.emit, options.clock)
  }

  /** Renders them anew, before anything is wiped: what is wrong with them, or undefined. */
  async prove(host: Host, token: string, url: string): Promise<string | undefined> {
    this.#rendered.delete(keyOf(token, url))
    const problem = await this.#problem(host, token, url)
    this.#options.installs.found(host, problem)
    return problem
  }

  /** `isWanted` is whether its text will be sent, and not only its size. */
  async hand(
    { token, name }: { readonly token: string; readonly name: string },
    asker: Asker,
    isWanted: boolean,
  ): Promise<Handed> {
    const found = this.#byToken(token)
    if (found === undefined || !this.#mayHave(found, asker)) return this.refuse(asker, found)
    const files = await this.#files(found.host, token, asker.url)
    const file = files.find((each) => each.name === name)
    if (file === undefined) return { type: 'missing', names: files.map((each) => each.name) }
    // It may have been armed anew in the meantime.
    const still = this.#byToken(token)
    if (still === undefined || !this.#mayHave(still, asker)) return this.refuse(asker, still)
    if (isWanted) this.#advance(still, 'fetched', asker)
    return { type: 'file', file, host: still.host }
  }

  /** It says that it is installed, as often as it likes. False where it may not. */
  report(token: string, asker: Asker): boolean {
    const found = this.#byToken(token)
    const mac = this.#options.macOf(asker.ip)
    const isSomebodyElse = mac !== undefined && mac !== found?.host.mac
    if (found === undefined || isSomebodyElse || found.record.state === 'armed') {
      this.refuse(asker, found)
      return false
    }
    this.#advance(found, 'done', asker)
    return true
  }

  /** Tells that somebody asked for what is not his. */
  refuse({ ip }: Asker, found?: Found): { readonly type: 'refused' } {
    const mac = this.#options.macOf(ip)
    this.#refused({ type: 'answers.refused', ip, mac, reason: refusal(found, mac) })
    return { type: 'refused' }
  }

  #advance({ host, record }: Found, event: 'fetched' | 'done', { ip }: Asker): void {
    const { installs } = this.#options
    const next = installs.after(host, record, event)
    if (next !== record) installs.keep(host, next, ip)
  }

  #byToken(token: string): Found | undefined {
    const { installs } = this.#options
    const host = installs.stored().find((one) => isSame(one.token, token))?.host
    const record = host && installs.recordOf(host)
    // What is stored may be of another entry, and so not what applies.
    return host && record?.token === token ? { host, record } : undefined
  }

  #mayHave({ host, record }: Found, { ip }: Asker): boolean {
    return mayFetch(record) && this.#options.macOf(ip) === host.mac
  }

  async #problem(host: Host, token: string, url: string): Promise<string | undefined> {
    try {
      const files = await this.#files(host, token, url)
      return files.length > 0 ? undefined : `${host.name} has no answers for ${host.boot}`
    } catch (error) {
      return error instanceof InputError ? error.problems.join('; ') : messageOf(error)
    }
  }

  async #files(host: Host, token: string, server: string): Promise<readonly AnswerFile[]> {
    const key = keyOf(token, server)
    const known = this.#rendered.get(key)
    if (known !== undefined) return known
    const answers = `${server}/ks/${token}`
    const image = this.#options.imageUrl(host.boot, server)
    const urls = { server, answers, done: `${answers}/done`, image }
    const files = await this.#options.answersOf(host.name, urls)
    this.#rendered.set(key, files)
    return files
  }
}

/** Whose token it is. */
interface Found {
  readonly host: Host
  readonly record: InstallRecord
}

function keyOf(token: string, url: string): string {
  return `${token} ${url}`
}

function refusal(found: Found | undefined, mac: Mac | undefined): string {
  if (found === undefined) return 'no machine has this address for its answers now'
  const { name } = found.host
  if (mac === undefined) return `the answers of ${name}, from an address that nobody knows`
  if (mac !== found.host.mac) return `the answers of ${name}, from the address of ${mac}`
  return `the answers of ${name}, which is not installing now (${found.record.state})`
}

/** Tells nothing by the time that it takes. */
function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
