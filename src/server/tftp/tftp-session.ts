/**
 * One read request from its arrival to its last acknowledgement: opens the file, agrees on options,
 * and drives the transfer machine: performs its effects in order and keeps its one timer. Decides
 * nothing about blocks; the rules are in `protocol/tftp/`.
 */
import type { Mac } from '../../core/address.ts'
import type { Clock } from '../../core/clock.ts'
import { messageOf } from '../../core/errors.ts'
import type { Emit } from '../../core/events.ts'
import { treePath } from '../../boot/tree-path.ts'
import { BlockReader } from '../../io/files/block-reader.ts'
import { type FileTree, memoryFile, type OpenFile } from '../../io/files/file-tree.ts'
import type { Endpoint } from '../../io/net/udp.ts'
import { clientName } from '../../protocol/tftp/client-names.ts'
import { type Agreement, negotiate, type TransferLimits } from '../../protocol/tftp/negotiate.ts'
import {
  ReadTransfer,
  type TransferEffect,
  type TransferOutcome,
} from '../../protocol/tftp/transfer.ts'
import { toNetascii } from '../../wire/tftp/netascii.ts'
import {
  encodeTftp,
  tftpErrors,
  type TftpPacket,
  type TftpRequest,
} from '../../wire/tftp/tftp-packet.ts'

/** What every session needs of the service around it. */
export interface TftpSite {
  readonly tree: FileTree
  /** The machine that has this address, where that is known: for events. */
  readonly macOf: (ip: string) => Mac | undefined
  readonly emit: Emit
  readonly clock: Clock
  /** The known path that is most like a missing one. */
  readonly nearest: (path: string) => Promise<string | undefined>
  /** The transfers that hold a whole converted file in memory. */
  readonly texts: Set<TftpSession>
}

/** The way to one client. */
export interface SessionRoute {
  readonly client: Endpoint
  /** The address of ours that was asked, as the client may write it: without a zone. */
  readonly server: string
  readonly limits: TransferLimits
  readonly send: (octets: Uint8Array) => void
  /** True when the octets may be changed again. */
  readonly sendAll: (packets: readonly Uint8Array[]) => boolean
  /** Called once, when nothing more is sent. */
  readonly ended: () => void
}

interface Running {
  readonly file: OpenFile
  readonly agreement: Agreement
  readonly transfer: ReadTransfer
  readonly blocks: BlockReader
}

/** Text files are converted in memory; nobody boots a larger one in text mode. Octets. */
const netasciiLimit = 4 * 1024 * 1024
/** Converted files at the same time: text mode is for a person who tries something. */
const mostTexts = 16

export class TftpSession {
  readonly #site: TftpSite
  readonly #route: SessionRoute
  readonly #request: TftpRequest
  readonly #startedAt: number
  /** When the client was last heard, epoch milliseconds. */
  heardAt: number
  /** The client has answered since its request: it is where it says it is. */
  hasSpoken = false
  #running: Running | undefined
  #queue: TransferEffect[] = []
  /** Blocks are being read; effects wait in the queue, and the timer with them. */
  #reading = false
  #ended = false
  #timer: NodeJS.Timeout | undefined
  #timerAt = Infinity

  constructor(site: TftpSite, route: SessionRoute, request: TftpRequest) {
    this.#site = site
    this.#route = route
    this.#request = request
    this.#startedAt = site.clock()
    this.heardAt = this.#startedAt
  }

  /** Is this the same request once more? */
  repeats(request: TftpRequest): boolean {
    return textOf(request) === textOf(this.#request)
  }

  /** Never rejects: whatever goes wrong is this client's error packet and one event. */
  async start(): Promise<void> {
    try {
      if (!this.#isAllowed()) return
      const file = await this.#open()
      if (file === undefined) await this.#missing()
      else await this.#begin(file)
    } catch (error) {
      this.#fail(messageOf(error))
    }
  }

  receive(packet: TftpPacket): void {
    const transfer = this.#running?.transfer
    if (transfer === undefined || this.#ended) return
    const now = this.#site.clock()
    this.heardAt = now
    this.hasSpoken = true
    if (packet.type === 'acknowledgement') this.#perform(transfer.acknowledge(packet.block, now))
    else if (packet.type === 'error') this.#perform(transfer.refuse(packet.code, packet.message))
  }

  /** Ends at once, with an error to the client when `reason` is for it, too. */
  stop(reason: string, tell: boolean): void {
    if (this.#ended) return
    if (tell) this.#sendError(tftpErrors.undefined, reason)
    this.#close()
    this.#emit('tftp.abort', { reason })
  }

  /** Ends without a word to anybody. */
  drop(): void {
    if (!this.#ended) this.#close()
  }

  #isAllowed(): boolean {
    const { type, mode, file } = this.#request
    if (type === 'writeRequest') return this.#refuse('accessViolation', 'this server is read-only')
    if (mode !== 'octet' && mode !== 'netascii') {
      return this.#refuse('illegalOperation', 'unknown transfer mode')
    }
    return treePath(file) === undefined ? this.#refuse('accessViolation', 'path not allowed') : true
  }

  #refuse(code: keyof typeof tftpErrors, reason: string): false {
    this.#sendError(tftpErrors[code], reason)
    this.#close()
    this.#emit('tftp.refused', { reason })
    return false
  }

  #open(): Promise<OpenFile | undefined> {
    const { client, server } = this.#route
    return this.#site.tree.open(this.#request.file, { via: 'tftp', ip: client.address, server })
  }

  async #missing(): Promise<void> {
    if (this.#ended) return
    this.#sendError(tftpErrors.fileNotFound, 'file not found')
    this.#close()
    const nearest = await this.#site.nearest(this.#request.file)
    const isUnreadable =
      nearest !== undefined && nearest === treePath(this.#request.file)?.join('/')
    const reason = isUnreadable ? 'it is there but cannot be read as a plain file' : undefined
    this.#emit('tftp.missing', { nearest, reason })
  }

  async #begin(opened: OpenFile): Promise<void> {
    const isText = this.#request.mode === 'netascii'
    if (isText && !this.#mayConvert()) return opened.close()
    const file = isText ? await asNetascii(opened) : opened
    if (this.#ended) return file.close()
    // A text's size on the wire is not its size anywhere else: RFC 2349 leaves it open.
    const size = isText ? undefined : file.size
    const agreement = negotiate(this.#request.options, this.#route.limits, size)
    const transfer = new ReadTransfer(agreement, file.size)
    this.#running = { file, agreement, transfer, blocks: new BlockReader(file, agreement) }
    this.#emit('tftp.start', { bytes: file.size })
    this.#perform(transfer.start(this.#site.clock()))
  }

  /** No answer above the cap: the client asks again. */
  #mayConvert(): boolean {
    const { texts } = this.#site
    if (texts.size >= mostTexts) this.drop()
    else if (!this.#ended) texts.add(this)
    return !this.#ended
  }

  #perform(effects: readonly TransferEffect[]): void {
    this.#queue.push(...effects)
    if (!this.#reading) this.#drain()
  }

  #drain(): void {
    for (let effect = this.#queue.shift(); effect; effect = this.#queue.shift()) {
      if (this.#ended || this.#running === undefined) return
      if (effect.type === 'sendOptions') this.#sendOptions(this.#running.agreement)
      else if (effect.type === 'end') return this.#finish(effect.outcome)
      else {
        const packets = this.#running.blocks.packets(effect.first, effect.last)
        if (packets instanceof Promise) return void this.#drainAfter(packets)
        this.#sendAll(packets)
      }
    }
    this.#setTimer()
  }

  async #drainAfter(packets: Promise<readonly Uint8Array[]>): Promise<void> {
    this.#reading = true
    try {
      const read = await packets
      this.#reading = false
      if (this.#ended) return
      this.#sendAll(read)
      this.#drain()
    } catch (error) {
      this.#fail(messageOf(error))
    }
  }

  #sendAll(packets: readonly Uint8Array[]): void {
    if (!this.#route.sendAll(packets)) this.#running?.blocks.stopReuse()
  }

  #sendOptions(agreement: Agreement): void {
    this.#route.send(encodeTftp({ type: 'optionAcknowledgement', options: agreement.granted }))
  }

  #sendError(code: number, message: string): void {
    this.#route.send(encodeTftp({ type: 'error', code, message }))
  }

  /** An earlier timer stays: it looks again when it fires, which is cheaper than one per packet. */
  #setTimer(): void {
    const wakeAt = this.#running?.transfer.wakeAt
    if (wakeAt === undefined || this.#timerAt <= wakeAt) return
    clearTimeout(this.#timer)
    this.#timerAt = wakeAt
    this.#timer = setTimeout(() => this.#wake(), Math.max(1, wakeAt - this.#site.clock()))
  }

  #wake(): void {
    this.#timerAt = Infinity
    if (this.#reading || this.#running === undefined) return
    this.#perform(this.#running.transfer.wake(this.#site.clock()))
  }

  #finish(outcome: TransferOutcome): void {
    const bytes = this.#running?.file.size
    this.#close()
    const ms = this.#site.clock() - this.#startedAt
    if (outcome.type === 'delivered') this.#emit('tftp.done', { bytes, ms })
    else if (outcome.type === 'probe') this.#emit('tftp.probe', { bytes, ms })
    else this.#emit('tftp.abort', { reason: outcome.reason, ms })
  }

  /** Our own trouble: the client hears that there is one, the log what it is. */
  #fail(reason: string): void {
    if (this.#ended) return
    this.#sendError(tftpErrors.undefined, 'the file cannot be read')
    this.#close()
    this.#emit('tftp.abort', { reason })
  }

  #close(): void {
    this.#ended = true
    this.#site.texts.delete(this)
    clearTimeout(this.#timer)
    this.#running?.file.close().catch(() => undefined)
    this.#route.ended()
  }

  #emit(type: Parameters<Emit>[0]['type'], more: Partial<Parameters<Emit>[0]>): void {
    const { address } = this.#route.client
    this.#site.emit({
      type,
      ip: address,
      mac: this.#site.macOf(address),
      file: treePath(this.#request.file)?.join('/') ?? this.#request.file,
      agent: clientName(this.#request.options),
      ...more,
    })
  }
}

function textOf({ type, file, mode, options }: TftpRequest): string {
  return JSON.stringify([type, file, mode, ...options])
}

async function asNetascii(file: OpenFile): Promise<OpenFile> {
  try {
    if (file.size > netasciiLimit) throw new Error('too large for text mode: ask in octet mode')
    const octets = new Uint8Array(file.size)
    const length = await file.read(octets, 0)
    return memoryFile(toNetascii(octets.subarray(0, length)), file.etag)
  } finally {
    await file.close()
  }
}
