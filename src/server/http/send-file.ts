/**
 * An open file as the answer to a GET or HEAD: conditions, ranges, and always a Content-Length, as
 * boot loaders need it. Never compressed, never chunked. The file is closed in every case.
 *
 * RFC 9110 §13 and §14. The octets go out by body-writer.ts: `createReadStream` costs 2 to 3 times
 * the CPU.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { OpenFile } from '../../io/files/file-tree.ts'
import {
  type Validators,
  checkConditions,
  rangeIsCurrent,
} from '../../wire/http/http-conditions.ts'
import { type RangeAnswer, chooseRange, contentRange } from '../../wire/http/http-range.ts'
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
  const validators = validatorsOf(file, headers)
  const { status, range } = decide(request, validators, file.size)
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

interface Decision {
  readonly status: 200 | 206 | 304 | 412 | 416
  readonly range: RangeAnswer
}

const whole: RangeAnswer = { type: 'whole' }

/** Preconditions come first, then the range; a Range on HEAD is ignored (§14.2). */
function decide(request: FastifyRequest, validators: Validators, size: number): Decision {
  const { headers, method } = request
  const verdict = checkConditions(headers, validators)
  if (verdict === 'failed') return { status: 412, range: whole }
  if (verdict === 'unchanged') return { status: 304, range: whole }
  if (method !== 'GET' || !rangeIsCurrent(headers, validators, Date.now())) {
    return { status: 200, range: whole }
  }
  const range = chooseRange(headers.range, size)
  const status = { whole: 200, part: 206, unsatisfiable: 416 } as const
  return { status: status[range.type], range }
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
  { status, length, range }: Decision & { readonly length: number },
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

function validatorsOf(file: OpenFile, headers: Readonly<Record<string, string>>): Validators {
  const own = /^(W\/)?"([^"]*)"$/.exec(headers['etag'] ?? '')
  const modified = headers['last-modified']
  return {
    etag: own?.[2] ?? file.etag,
    isWeak: own?.[1] !== undefined,
    modified: modified === undefined ? file.modified : new Date(modified),
  }
}

function validatorHeaders({ etag, isWeak, modified }: Validators): Record<string, string> {
  const isDate = modified !== undefined && !Number.isNaN(modified.getTime())
  return {
    etag: `${isWeak === true ? 'W/' : ''}"${etag}"`,
    ...(isDate ? { 'last-modified': modified.toUTCString() } : {}),
  }
}
