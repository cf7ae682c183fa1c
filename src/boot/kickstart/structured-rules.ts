/** Which texts of structured answers (YAML, JSON) a shell reads, or a URL is. */
import type { KeyPath } from './formats.ts'
import type { Scalar, Variables } from './template-reference.ts'

/** Below these keys text is a command, or a unit of systemd, whose quotes are much the same. */
const scriptKeys: ReadonlySet<string | number> = new Set([
  'bootcmd',
  'commands',
  'early-commands',
  'error-commands',
  'late-commands',
  'runcmd',
  'scripts',
  'units',
])

/** A command that is a list of words goes to no shell. */
export function isShellText(path: KeyPath, text: string): boolean {
  if (text.startsWith('#!')) return true
  const at = path.findIndex((key) => scriptKeys.has(key))
  const isWordOfList = typeof path[at + 1] === 'number' && typeof path[at + 2] === 'number'
  const isText = ['name', 'url', 'chroot', 'enabled'].includes(String(path.at(-1)))
  return at >= 0 && !isWordOfList && !isText
}

/** In a `data:` URL values stand escaped as URLs are. */
export function variablesFor(text: string, variables: Variables): Variables {
  if (!text.startsWith('data:')) return variables
  const escaped = [...variables].map(([name, value]) => [name, encoded(value)] as const)
  return new Map(escaped)
}

function encoded(value: Scalar): string {
  return encodeURIComponent(String(value).toWellFormed())
}
