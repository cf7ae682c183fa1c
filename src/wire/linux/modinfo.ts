/**
 * What a Linux kernel module says about itself (its `.modinfo` section: `key=value` texts, each
 * ended by a NUL), and the tables that modprobe reads, made from it. Debian's packages carry no
 * modules.dep: it is made on the machine at installation, which never happens here.
 *
 * Sources: Linux, include/linux/moduleparam.h (MODULE_INFO); modules.dep(5), modprobe.d(5).
 */
import { latin1 } from '../bytes.ts'
import { elfSection } from './elf.ts'

export interface ModuleInfo {
  /** With underscores, as the kernel knows it: `virtio_net`. */
  readonly name: string
  readonly depends: readonly string[]
  /** Modules that are loaded first where they exist (`softdep: pre:`). */
  readonly before: readonly string[]
  /** Patterns of the hardware that it drives: `pci:v00008086d0000100Esv*sd*bc*sc*i*`. */
  readonly aliases: readonly string[]
}

/** From an uncompressed `.ko` file; `name` is used where the module does not name itself. */
export function readModuleInfo(module: Uint8Array, name: string): ModuleInfo {
  const fields = parseModinfo(elfSection(module, '.modinfo') ?? new Uint8Array())
  const all = (key: string) => fields.filter(([other]) => other === key).map(([, value]) => value)
  return {
    name: all('name')[0] ?? moduleName(name),
    depends: all('depends').flatMap(names),
    before: all('softdep').flatMap(preceding),
    aliases: all('alias'),
  }
}

/** The section as pairs, in its order. */
export function parseModinfo(section: Uint8Array): [key: string, value: string][] {
  return latin1(section)
    .split('\0')
    .filter((field) => field.includes('='))
    .map((field) => {
      const at = field.indexOf('=')
      return [field.slice(0, at), field.slice(at + 1)]
    })
}

/** `kernel/drivers/net/e1000e.ko.xz` → `e1000e`; the kernel writes `-` as `_`. */
export function moduleName(path: string): string {
  return (path.split('/').at(-1) ?? path).replace(/\.ko(\.\w+)?$/, '').replaceAll('-', '_')
}

function names(list: string): string[] {
  return list
    .split(',')
    .filter((name) => name !== '')
    .map(moduleName)
}

/** `pre: a b post: c` → a, b. */
function preceding(text: string): string[] {
  const pre = /pre:\s*([^:]*?)\s*(?:post:|$)/.exec(text)?.[1] ?? ''
  return pre
    .split(/\s+/)
    .filter((name) => name !== '')
    .map(moduleName)
}

/**
 * The wanted modules and everything that they need, each after what it needs. `lookUp` answers
 * undefined for what is built into the kernel.
 */
export function loadOrder(
  wanted: readonly string[],
  lookUp: (name: string) => ModuleInfo | undefined,
): ModuleInfo[] {
  const order = new Map<string, ModuleInfo>()
  const started = new Set<string>()
  const visit = (name: string): void => {
    if (started.has(name)) return
    started.add(name)
    const module = lookUp(name)
    if (module === undefined) return
    for (const other of [...module.before, ...module.depends]) visit(other)
    order.set(name, module)
  }
  for (const name of wanted) visit(moduleName(name))
  return [...order.values()]
}

/**
 * `modules.dep`: each file, and the files it needs, the one needed first last. `pathOf` gives the
 * file of a module.
 */
export function modulesDep(
  modules: readonly ModuleInfo[],
  pathOf: (name: string) => string,
): string {
  const known = new Map(modules.map((module) => [module.name, module]))
  const line = (module: ModuleInfo): string => {
    const needed = loadOrder([...module.before, ...module.depends], (name) => known.get(name))
    const paths = needed.toReversed().map((other) => ` ${pathOf(other.name)}`)
    return `${pathOf(module.name)}:${paths.join('')}\n`
  }
  return modules.map(line).join('')
}

/** `modules.alias`: which module drives which hardware. */
export function modulesAlias(modules: readonly ModuleInfo[]): string {
  return modules
    .flatMap(({ name, aliases }) => aliases.map((alias) => `alias ${alias} ${name}\n`))
    .join('')
}
