/** Answers out of the store: the head from the index, the octets from the body's file. */
import { messageOf } from '../../core/errors.ts'
import type { OpenFile } from '../../io/files/file-tree.ts'
import type { IndexEntry } from '../../io/cache/index-entry.ts'
import { writeBody } from '../http/body-writer.ts'
import { type Manner, headFor } from './mirror-answer.ts'
import type { Exchange } from './mirror-exchange.ts'

export interface OpenedObject {
  readonly entry: IndexEntry
  readonly file: OpenFile
  /** A strong validator of our own, where a rule allows it. */
  readonly tag: string | undefined
}

/** Resolves when the answer is over; the file is closed in every case. */
export async function sendStored(
  exchange: Exchange,
  { entry, file, tag }: OpenedObject,
  manner: Manner,
  now: number,
): Promise<void> {
  const { service } = manner
  const head = headFor(exchange, entry, { manner, tag, now })
  const { status, body } = head
  const { raw } = exchange.reply
  try {
    exchange.reply.hijack()
    raw.writeHead(status, head.headers)
    const length = body?.length ?? 0
    const part = { first: body?.first ?? 0, length }
    if (length === 0) raw.end()
    const bytes = length === 0 ? 0 : await writeBody(raw, file, part)
    const isComplete = bytes === length && (length > 0 || !raw.destroyed)
    const reason = isComplete ? manner.reason : 'the client left'
    exchange.end({ service, status, bytes, reason })
  } catch (error) {
    exchange.end({ service: 'error', status: 500, bytes: 0, reason: messageOf(error) })
    exchange.cut()
  } finally {
    await file.close()
  }
}
