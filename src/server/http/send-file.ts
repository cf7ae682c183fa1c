/**
 * An open file as the answer to a GET or HEAD: conditions, ranges, and always a Content-Length, as
 * boot loaders need it. Never compressed, never chunked. The file is closed in every case.
 *
 * RFC 9110 §13 and §14. The octets go out by body-writer.ts: `createReadStream` costs 2 to 3 times
 * the CPU.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { OpenFile } from '../../io/files/file-tree.ts'
import { type Validators, validatorsIn } from '../../wire/http/http-conditions.ts'
import { type RangeAnswer, contentRange } from '../../wire/http/http-range.ts'
import { type Selection, select } from '../../wire/http/http-selection.ts'
import { writeBody } from './body-writer.ts'

export interface SentFile {
  readonly status: number
  /** Octets of the body that left. */
  readonly bytes: number
  /** The client got everything that the answer promised. */
  readonly complete: boolean
}

/**
 * `headers` in lower case are added to ours; an `etag` or `last-modified` among them (of a stored
 * answer) takes the place of the file's own. Resolves when the answer is over, also for a client
 * that leaves; rejects, with the connection broken, only when the file cannot be read.
 */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: OpenFile,
  headers: Readonly<Record<string, string>> = {},
): Promise<SentFile> {
  try {
    return await answer(request, reply, file, headers)
  } finally {
    await file.close()
  }
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  file: OpenFile,
  headers: Readonly<Record<string, string>>,
): Promise<SentFile> {
  const now = Date.now()
  const validators = validatorsIn(headers, file, now)
  const { status, range } = select(request, validators, file.size, now)
  const length = lengthOf(range, file.size)
  const hasBody = request.method !== 'HEAD' && (status === 200 || status === 206)
  reply.hijack()
  const response = reply.raw
  response.writeHead(status, {
    ...headers,
    ...validatorHeaders(validators),
    'accept-ranges': 'bytes',
    ...lengthHeaders({ status, length, range }, file.size),
  })
  if (!hasBody || length === 0) {
    const complete = !response.destroyed
    response.end()
    return { status, bytes: 0, complete }
  }
  const first = range.type === 'part' ? range.first : 0
  try {
    const bytes = await writeBody(response, file, { first, length })
    return { status, bytes, complete: bytes === length }
  } catch (error) {
    response.destroy() // the head is out: only a broken connection can still say that it failed
    throw error
  }
}

function lengthOf(range: RangeAnswer, size: number): number {
  return range.type === 'part' ? range.last - range.first + 1 : size
}

/**
 * A 304 carries no length, so that no client waits for a body (§8.6). Written with capitals: GRUB
 * 2.12 compares the name letter by letter, and takes a file of unknown length for an empty or, under
 * Secure Boot, for a forbidden one.
 */
function lengthHeaders(
  { status, length, range }: Selection & { readonly length: number },
  size: number,
): Record<string, string | number> {
  if (status === 304) return {}
  if (status === 412) return { 'Content-Length': 0 }
  const part = contentRange(range, size)
  return {
    'Content-Length': status === 416 ? 0 : length,
    ...(part === undefined ? {} : { 'content-range': part }),
  }
}

function validatorHeaders({ etag, isWeak, modified }: Validators): Record<string, string> {
  const isDate = modified !== undefined && !Number.isNaN(modified.getTime())
  return {
    etag: `${isWeak === true ? 'W/' : ''}"${etag}"`,
    ...(isDate ? { 'last-modified': modified.toUTCString() } : {}),
  }
}
