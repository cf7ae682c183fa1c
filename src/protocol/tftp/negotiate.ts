/**
 * Which options of a read request are granted, and with what values. Only what was asked is ever
 * answered; an unknown option and a value that makes no sense are passed over, never an error:
 * the transfer then runs by the defaults, which every client understands.
 *
 * Sources: RFC 2347, RFC 2348 (blksize), RFC 2349 (timeout, tsize), RFC 7440 (windowsize).
 */
import type { TftpOptions } from '../../wire/tftp/tftp-packet.ts'

export interface TransferLimits {
  /** Octets in a block that the link carries unbroken: MTU - 32 (IP, UDP and TFTP headers). */
  readonly blockSize: number
  /** Blocks in a window: one datagram of a stranger must not set free megabytes. */
  readonly windowSize: number
}

export interface Agreement {
  /** Octets. */
  readonly blockSize: number
  /** Blocks that may be on their way without an acknowledgement. */
  readonly windowSize: number
  /** Milliseconds before a retransmission, where the client chose. */
  readonly timeout?: number
  /** What the OACK says, in the order asked; empty: no OACK, the first block answers. */
  readonly granted: TftpOptions
}

/** An Ethernet link. */
export const ethernetLimits: TransferLimits = { blockSize: 1468, windowSize: 64 }

/** Octets in a window at most: the usual receive buffer of 208 KiB counts its own overhead, too. */
const windowOctets = 96 * 1024

/**
 * @param size octets of the whole file as it will be sent; undefined leaves `tsize` unanswered
 */
export function negotiate(
  asked: TftpOptions,
  limits: TransferLimits,
  size: number | undefined,
): Agreement {
  const blockSize = numberOf(asked, 'blksize', 8, 99_999)
  const block = Math.min(blockSize ?? 512, limits.blockSize, 65_464)
  const windowSize = numberOf(asked, 'windowsize', 1, 65_535)
  const window = Math.min(
    windowSize ?? 1,
    limits.windowSize,
    Math.max(1, Math.floor(windowOctets / block)),
  )
  const timeout = numberOf(asked, 'timeout', 1, 255)
  const answers: Readonly<Record<string, number | undefined>> = {
    blksize: blockSize && block,
    windowsize: windowSize && window,
    timeout,
    tsize: numberOf(asked, 'tsize', 0, Number.MAX_SAFE_INTEGER) === undefined ? undefined : size,
  }
  return {
    blockSize: block,
    windowSize: window,
    ...(timeout !== undefined && { timeout: timeout * 1000 }),
    granted: new Map(
      [...asked.keys()].flatMap((name) => {
        const answer = Object.hasOwn(answers, name) ? answers[name] : undefined
        return answer === undefined ? [] : [[name, String(answer)] as const]
      }),
    ),
  }
}

/** Plain decimal digits in the range; anything else counts as not asked. */
function numberOf(
  asked: TftpOptions,
  name: string,
  first: number,
  last: number,
): number | undefined {
  const text = asked.get(name)
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined
  const value = Number(text)
  return value >= first && value <= last ? value : undefined
}
