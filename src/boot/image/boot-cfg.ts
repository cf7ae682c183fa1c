/**
 * A `boot.cfg` as far as it names files: what mboot will fetch, in its order. Source: esx-boot
 * (`mboot/config.c`): keys in any case of letters, `#` comments, modules separated by `---`, names
 * with a slash in front or a scheme are absolute, the others follow the prefix.
 */

/** Undefined for what is no boot.cfg. `folder`: where the file itself lies, the prefix if it names none. */
export function bootCfgFiles(text: string, folder = '/'): readonly string[] | undefined {
  const values = new Map(text.split(/\r?\n/).flatMap((line) => assignment(line)))
  const kernel = values.get('kernel')
  if (kernel === undefined) return undefined
  const prefix = values.get('prefix') || folder
  const modules = (values.get('modules') ?? '').split('---').map((name) => name.trim())
  const crypto = values.get('crypto')
  return [...(crypto === undefined ? [] : [crypto]), kernel, ...modules]
    .filter((name) => name !== '')
    .map((name) => (isAbsolute(name) ? name : `${prefix.replace(/\/$/, '')}/${name}`))
}

function assignment(line: string): readonly (readonly [string, string])[] {
  const [, key, value] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
  return key === undefined || value === undefined ? [] : [[key.toLowerCase(), value]]
}

function isAbsolute(name: string): boolean {
  return name.startsWith('/') || name.includes('://')
}
