/**
 * `boot.cfg`, which tells VMware's boot loader mboot what to load: which files it names, and the same
 * text as one machine gets it over the network. An ISO's own names its files from the root of the
 * disc and starts an installer that looks for its packages on a CD.
 *
 * Source: esx-boot (`mboot/config.c`, `bootlib/parse.c`): keys in any case of letters, `#` comments,
 * the last of two lines with one key counts, lists separated by `---`, options behind a module's
 * name; names with a slash in front or a scheme are absolute, the others follow the prefix.
 */

/** What mboot will fetch, in its order. */
export interface NamedFiles {
  /** Where the names without a slash in front begin. */
  readonly prefix: string
  readonly names: readonly string[]
}

/** Keys whose values are files; of `crypto` one, of lists several. */
const fileKeys = ['crypto', 'kernel', 'modules', 'acpitables'] as const

/** Undefined for what is no boot.cfg. */
export function namedFiles(text: string): NamedFiles | undefined {
  const values = new Map(text.split(/\r?\n/).flatMap((line) => assignment(line)))
  if ((values.get('kernel') ?? '') === '') return undefined
  const names = fileKeys.flatMap((key) => namesIn(values.get(key) ?? ''))
  return { prefix: values.get('prefix') ?? '', names }
}

/** The same as whole paths. `folder`: where the file itself lies, the prefix if it names none. */
export function bootCfgFiles(text: string, folder = '/'): readonly string[] | undefined {
  const files = namedFiles(text)
  if (files === undefined) return undefined
  const prefix = (files.prefix || folder).replace(/\/$/, '')
  return files.names.map((name) => (isAbsolute(name) ? name : `${prefix}/${name}`))
}

/** What a machine's boot.cfg has that an ISO's has not. */
export interface BootCfgPlace {
  /** Where every file is: `http://192.168.50.1/boot/esxi-8` or `/boot/esxi-8`. */
  readonly prefix: string
  /** Words for the kernel, behind those of the ISO. */
  readonly options: readonly string[]
  /** Loads nothing: mboot ends, and the firmware goes on with its next boot device. */
  readonly skip?: boolean | undefined
}

/**
 * Seconds until mboot leaves after a failure; without it the machine stands still until somebody
 * comes. From 8.0.1 on; older ones pass over keys that they do not know.
 */
const errorTimeout = 10

/** The text of an ISO for one machine: the order of its lines, its title and what is unknown stay. */
export function renderBootCfg(text: string, place: BootCfgPlace): string {
  const lines = text.split(/\r?\n/)
  while (lines.at(-1) === '') lines.pop()
  const said = new Set(lines.flatMap((line) => assignment(line).map(([key]) => key)))
  const own = ownValues(place)
  const added = [...own].filter(([key]) => !said.has(key))
  const rewrites = new Map([...fileNames, ...own])
  const rendered = [
    ...lines.map((line) => rewritten(line, rewrites)),
    ...added.map(([key, value]) => `${key}=${value('')}`),
  ]
  return `${rendered.join('\n')}\n`
}

/** A key's new value, of its old one. */
type Rewrite = (value: string) => string
type Rewrites = ReadonlyMap<string, Rewrite>

/** Where a file has one of these, it begins at the prefix. */
const fileNames: Rewrites = new Map([
  ['crypto', withoutSlash],
  ['kernel', withoutSlash],
  ['modules', withoutSlashes],
  ['acpitables', withoutSlashes],
])

/** What every machine's has, whatever the ISO's has. */
function ownValues({ prefix, options, skip }: BootCfgPlace): Rewrites {
  return new Map<string, Rewrite>([
    ['prefix', () => prefix],
    ['kernelopt', (value) => [...bootOptions(value), ...options].join(' ')],
    ['errtimeout', (value) => value || String(errorTimeout)],
    ...(skip === true ? [['skip', () => '1'] as const] : []),
  ])
}

function rewritten(line: string, rewrites: Rewrites): string {
  const [[key, value] = ['', '']] = assignment(line)
  const rewrite = rewrites.get(key)
  return rewrite === undefined ? line : `${key}=${rewrite(value)}`
}

/** Options of an ISO that the network has no use for: its packages are on no CD, its script elsewhere. */
const ofTheDisc = /^(cdromBoot$|ks=)/i

function bootOptions(value: string): readonly string[] {
  return value.split(/\s+/).filter((word) => word !== '' && !ofTheDisc.test(word))
}

function withoutSlashes(list: string): string {
  return list.split('---').map(withoutSlash).join(' --- ')
}

/** With one in front, the prefix would not count. */
function withoutSlash(name: string): string {
  return name.trim().replace(/^\/+/, '')
}

/** Names in a list, without the options behind them. */
function namesIn(list: string): readonly string[] {
  return list
    .split('---')
    .map((item) => item.trim().split(/\s/, 1)[0] ?? '')
    .filter((name) => name !== '')
}

function assignment(line: string): readonly (readonly [key: string, value: string])[] {
  const [, key, value] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
  return key === undefined || value === undefined ? [] : [[key.toLowerCase(), value]]
}

function isAbsolute(name: string): boolean {
  return name.startsWith('/') || name.includes('://')
}
