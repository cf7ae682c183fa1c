/**
 * A client by RFC 1350 and 7440 and our transfer machine, with a bad network between them, in
 * virtual time. The table is what the whole costs: a change of the rules shows here as numbers.
 */
import { expect, test } from 'vitest'
import { ethernetLimits, negotiate } from '../../src/protocol/tftp/negotiate.ts'
import { ReadTransfer, type TransferEffect } from '../../src/protocol/tftp/transfer.ts'
import { cable, seeded, VirtualTime, type Weather } from '../support/lossy-network.ts'

const clientTimeout = 1000

/** Receives blocks in order, acknowledges windows and gaps, and repeats itself after a silence. */
class ClientModel {
  readonly #total: number
  readonly #window: number
  readonly #acknowledge: (block: number) => void
  /** Blocks that arrived in order. */
  received = 0
  #sinceAcknowledged = 0
  #gapAnswered = -1
  lastHeard = 0
  timeouts = 0

  constructor(total: number, window: number, acknowledge: (block: number) => void) {
    this.#total = total
    this.#window = window
    this.#acknowledge = acknowledge
  }

  get isDone(): boolean {
    return this.received === this.#total
  }

  hearOptions(now: number): void {
    this.lastHeard = now
    if (this.received === 0) this.#acknowledge(0)
  }

  hear(wireBlock: number, now: number): void {
    this.lastHeard = now
    if (wireBlock === ((this.received + 1) & 0xffff)) {
      this.received++
      this.#sinceAcknowledged++
      const isWindow = this.#sinceAcknowledged === this.#window
      if (isWindow || this.isDone) this.#say()
      return
    }
    const isOld = ((this.received - wireBlock) & 0xffff) < 0x8000
    // An old block means that an acknowledgement was lost; of a gap it tells once.
    if (isOld || this.#gapAnswered !== this.received) this.#say()
    if (!isOld) this.#gapAnswered = this.received
  }

  silence(): void {
    this.timeouts++
    this.#say()
  }

  #say(): void {
    this.#sinceAcknowledged = 0
    this.#acknowledge(this.received)
  }
}

interface Outcome {
  readonly milliseconds: number
  readonly sent: number
  readonly blocks: number
  readonly clientTimeouts: number
  readonly whole: boolean
}

function simulate(weather: Weather, window: number, seed: number, size = 2 * 1024 * 1024): Outcome {
  const time = new VirtualTime()
  const random = seeded(seed)
  const asked = new Map([
    ['blksize', '1468'],
    ['windowsize', String(window)],
  ])
  const agreement = negotiate(asked, ethernetLimits, size)
  const transfer = new ReadTransfer(agreement, size)
  const blocks = Math.floor(size / agreement.blockSize) + 1
  const [toClient, toServer] = [cable(time, weather, random), cable(time, weather, random)]
  let sent = 0
  let isOver = false
  const client = new ClientModel(blocks, window, (block) =>
    toServer(() => perform(transfer.acknowledge(block & 0xffff, time.now))),
  )
  const perform = (effects: readonly TransferEffect[]): void => {
    for (const effect of effects) {
      if (effect.type === 'sendOptions') toClient(() => client.hearOptions(time.now))
      else if (effect.type === 'end') isOver = true
      else {
        for (let block = effect.first; block <= effect.last; block++) {
          sent++
          toClient(() => client.hear(block & 0xffff, time.now))
        }
      }
    }
    const { wakeAt } = transfer
    if (wakeAt !== undefined) time.at(wakeAt, () => wake(wakeAt))
  }
  const wake = (planned: number): void => {
    if (transfer.wakeAt === planned) perform(transfer.wake(time.now))
  }
  const watch = (): void => {
    if (time.now - client.lastHeard >= clientTimeout && !client.isDone) {
      client.lastHeard = time.now
      client.silence()
    }
    time.at(time.now + 50, watch)
  }
  watch()
  perform(transfer.start(0))
  time.run(() => isOver || (client.isDone && time.now - client.lastHeard > 10_000))
  return {
    milliseconds: Math.round(client.lastHeard),
    sent,
    blocks,
    clientTimeouts: client.timeouts,
    whole: client.isDone,
  }
}

const calm: Weather = { loss: 0, duplication: 0, reordering: 0, delay: 0.1 }

function row(name: string, weather: Weather, window: number): string {
  const { milliseconds, sent, blocks, clientTimeouts, whole } = simulate(weather, window, 7440)
  expect(whole, `${name}, window ${window}`).toBe(true)
  return `${name.padEnd(18)} w${String(window).padEnd(3)} ${sent} sent for ${blocks}, ${milliseconds} ms, ${clientTimeouts} client timeouts`
}

test('what a bad network costs for 2 MB', () => {
  const table = [
    ['calm', calm],
    ['1 % lost', { ...calm, loss: 0.01 }],
    ['5 % lost', { ...calm, loss: 0.05 }],
    ['20 % lost', { ...calm, loss: 0.2 }],
    ['5 % doubled', { ...calm, duplication: 0.05 }],
    ['5 % out of order', { ...calm, reordering: 0.05 }],
    ['5 % of each', { ...calm, loss: 0.05, duplication: 0.05, reordering: 0.05 }],
  ] as const
  const rows = table.flatMap(([name, weather]) =>
    [1, 4, 16, 64].map((window) => row(name, weather, window)),
  )
  expect(`\n${rows.join('\n')}\n`).toMatchInlineSnapshot(`
    "
    calm               w1   1429 sent for 1429, 286 ms, 0 client timeouts
    calm               w4   1429 sent for 1429, 72 ms, 0 client timeouts
    calm               w16  1429 sent for 1429, 18 ms, 0 client timeouts
    calm               w64  1429 sent for 1429, 5 ms, 0 client timeouts
    1 % lost           w1   1461 sent for 1429, 1246 ms, 0 client timeouts
    1 % lost           w4   1485 sent for 1429, 373 ms, 0 client timeouts
    1 % lost           w16  1572 sent for 1429, 79 ms, 0 client timeouts
    1 % lost           w64  1855 sent for 1429, 36 ms, 0 client timeouts
    5 % lost           w1   1585 sent for 1429, 6566 ms, 0 client timeouts
    5 % lost           w4   1730 sent for 1429, 2637 ms, 0 client timeouts
    5 % lost           w16  2452 sent for 1429, 1657 ms, 0 client timeouts
    5 % lost           w64  5056 sent for 1429, 1492 ms, 0 client timeouts
    20 % lost          w1   2285 sent for 1429, 72304 ms, 13 client timeouts
    20 % lost          w4   3153 sent for 1429, 20910 ms, 0 client timeouts
    20 % lost          w16  6116 sent for 1429, 6042 ms, 0 client timeouts
    20 % lost          w64  23723 sent for 1429, 5816 ms, 0 client timeouts
    5 % doubled        w1   1429 sent for 1429, 286 ms, 0 client timeouts
    5 % doubled        w4   1520 sent for 1429, 80 ms, 0 client timeouts
    5 % doubled        w16  2434 sent for 1429, 24 ms, 0 client timeouts
    5 % doubled        w64  3121 sent for 1429, 5 ms, 0 client timeouts
    5 % out of order   w1   1429 sent for 1429, 307 ms, 0 client timeouts
    5 % out of order   w4   1633 sent for 1429, 476 ms, 0 client timeouts
    5 % out of order   w16  2720 sent for 1429, 240 ms, 0 client timeouts
    5 % out of order   w64  5370 sent for 1429, 254 ms, 0 client timeouts
    5 % of each        w1   1566 sent for 1429, 5806 ms, 0 client timeouts
    5 % of each        w4   2048 sent for 1429, 3285 ms, 0 client timeouts
    5 % of each        w16  4011 sent for 1429, 1995 ms, 0 client timeouts
    5 % of each        w64  9449 sent for 1429, 1471 ms, 0 client timeouts
    "
  `)
})

test.for(Array.from({ length: 40 }, (_, index) => index + 1))(
  'seed %d: the file arrives whole, and nothing is sent without end',
  (seed) => {
    const random = seeded(seed * 977)
    const weather: Weather = {
      loss: random() * 0.3,
      duplication: random() * 0.3,
      reordering: random() * 0.3,
      delay: random() * 20,
    }
    const window = [1, 2, 4, 7, 16, 64][seed % 6] ?? 1
    const { whole, sent, blocks } = simulate(weather, window, seed, 200_000)
    expect(whole).toBe(true)
    expect(sent).toBeLessThan(blocks * (1 + 2 * window))
  },
)

test('a doubled packet never doubles the traffic', () => {
  const { sent, blocks } = simulate({ ...calm, duplication: 1 }, 1, 1)
  expect(sent).toBe(blocks)
})

test('more than 65535 blocks arrive through loss', () => {
  const { whole, blocks } = simulate({ ...calm, loss: 0.01 }, 16, 3, 1468 * 66_000)
  expect(blocks).toBe(66_001)
  expect(whole).toBe(true)
})
