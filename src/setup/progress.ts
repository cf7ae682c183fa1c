/**
 * What set-up says to the person who waits: one line per step, on standard error, so that a
 * command's own output stays clean.
 */

export interface Step {
  /** Adds to the step's line: `12 files`, `3.1 MB`. */
  note(text: string): void
}

/** Does the work and prints its line: what, how much, how long. */
export async function step<T>(title: string, work: (step: Step) => Promise<T>): Promise<T> {
  const started = performance.now()
  const notes: string[] = []
  const result = await work({ note: (text) => notes.push(text) })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  say(`${title}: ${[...notes, `${seconds} s`].join(', ')}`)
  return result
}

export function say(line: string): void {
  process.stderr.write(`setup: ${line}\n`)
}

/** Octets for people: `3.1 MB`, or `42 kB` of what would be 0.0 MB. */
export function megabytes(octets: number): string {
  return octets < 5e4 ? `${Math.ceil(octets / 1e3)} kB` : `${(octets / 1e6).toFixed(1)} MB`
}
