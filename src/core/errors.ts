/** Whose fault it is decides what happens next; each kind is caught in exactly one place per server. */

/**
 * The peer broke the protocol: always its fault, never ours. Count it, log it at debug level, drop
 * the packet or answer with the protocol's own error. `field` names the part that was wrong.
 */
export class ProtocolError extends Error {
  override name = 'ProtocolError'
  readonly field: string

  constructor(field: string, problem: string) {
    super(`${field}: ${problem}`)
    this.field = field
  }
}

/**
 * What the person gave us (configuration, arguments, a file) is wrong. Every problem at once, each
 * a full sentence with its place; nothing has been opened. Exit code 2.
 */
export class InputError extends Error {
  override name = 'InputError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** The origin behind a mirror failed; `status` is what our client gets (502 or 504). */
export class UpstreamError extends Error {
  override name = 'UpstreamError'
  readonly status: 502 | 504

  constructor(status: 502 | 504, problem: string, options?: ErrorOptions) {
    super(problem, options)
    this.status = status
  }
}

/**
 * The machine we run on refuses: a port in use, no permission, a missing program. The message says
 * who holds it or what to run. Exit code 1.
 */
export class SystemError extends Error {
  override name = 'SystemError'
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The system's name of what went wrong, e.g. `ENOENT`; empty where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

const refusals: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
}

/** Why a file could not be read: the common reasons in words, others as the system says them. */
export function unreadable(error: unknown): string {
  return refusals[codeOf(error)] ?? messageOf(error)
}
