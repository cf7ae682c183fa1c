/** Runs a program of the machine to its end and says clearly what failed. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { SystemError } from '../core/errors.ts'

export interface RunOptions {
  readonly folder?: string
  readonly environment?: Readonly<Record<string, string>>
}

/** What the program printed. Rejects with SystemError: the command, and its own last words. */
export function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    // LC_ALL: messages that we show or read are English.
    const env = { ...process.env, LC_ALL: 'C', ...options.environment }
    const settings = { cwd: options.folder, env, maxBuffer: 64 << 20 }
    execFile(program, args, settings, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new SystemError(`${program} failed: ${reasonOf(stderr, stdout, error.message)}`))
    })
  })
}

/** apt marks errors with `E:` (and a failed download with `Err:`); others end with the reason. */
function reasonOf(stderr: string, stdout: string, fallback: string): string {
  const lines = `${stdout}\n${stderr}`.split('\n').map((line) => line.trim())
  const errors = lines.filter((line) => /^(E|W|Err):/.test(line))
  const last = lines.filter((line) => line !== '').slice(-3)
  return (errors.length > 0 ? errors.slice(0, 3) : last).join('; ') || fallback
}

/** Whether the machine has this program (`/usr/sbin` counts even where the PATH lacks it). */
export function hasProgram(name: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => existsSync(join(folder, name)))
}
