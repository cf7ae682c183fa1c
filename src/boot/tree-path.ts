/**
 * The one reading of a path that a client asks for: firmware sends leading and doubled slashes,
 * backslashes and dots for the same file.
 */

/**
 * Names from the root down, e.g. `['boot', 'tinyvm', 'vmlinuz']`; undefined when the path would
 * leave the root or holds a NUL. Empty for the root itself.
 */
export function treePath(path: string): readonly string[] | undefined {
  if (path.includes('\0')) return undefined
  const names: string[] = []
  for (const name of path.split(/[/\\]/)) {
    if (name === '..') {
      if (names.pop() === undefined) return undefined
    } else if (name !== '' && name !== '.') names.push(name)
  }
  return names
}
