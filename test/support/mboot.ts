/**
 * mboot, as far as the network sees it: what it asks for, in which order, and what it makes of the
 * answers. Source: esx-boot `mboot/config.c` (where boot.cfg is looked for), `mboot/mboot.c` (where
 * the crypto module is), `bootlib/string.c` (how a prefix and a name become a path).
 */
import { namedFiles } from '../../src/boot/esxi/boot-cfg.ts'

/** Undefined where there is no such file. `path` is absolute, or a URL. */
export type Fetch = (path: string) => Promise<Uint8Array | undefined>

export interface MbootRun {
  /** Each path, and whether it was there. */
  readonly asked: readonly (readonly [path: string, found: boolean])[]
  readonly config: string
  readonly modules: readonly { readonly path: string; readonly octets: Uint8Array }[]
}

export interface MbootStart {
  /** Where it was loaded from; none where iPXE started it. */
  readonly folder?: string | undefined
  /** `-c` */
  readonly config?: string | undefined
  readonly mac: string
}

/** Throws where the machine would stop with a message. */
export async function runMboot(fetch: Fetch, start: MbootStart): Promise<MbootRun> {
  const asked: (readonly [string, boolean])[] = []
  const ask: Fetch = async (path) => {
    const octets = await fetch(path)
    asked.push([path, octets !== undefined])
    return octets
  }
  const { path, text } = await findConfig(ask, start)
  const files = namedFiles(text)
  if (files === undefined) throw new Error(`${path} names no kernel`)
  const prefix = files.prefix || path.replace(/\/[^/]*$/, '')
  if (!(await hasCrypto(ask, start.folder ?? '', prefix))) throw new Error('no crypto module')
  const modules: { path: string; octets: Uint8Array }[] = []
  for (const name of files.names) {
    const at = join(prefix, name)
    const octets = await ask(at)
    if (octets === undefined) throw new Error(`${at}: not found`)
    modules.push({ path: at, octets })
  }
  return { asked, config: text, modules }
}

async function findConfig(
  ask: Fetch,
  { folder, config, mac }: MbootStart,
): Promise<{ path: string; text: string }> {
  const names = [`01-${mac.replaceAll(':', '-')}/boot.cfg`, 'boot.cfg']
  const paths = config === undefined ? names.map((name) => join(folder ?? '', name)) : [config]
  for (const path of paths) {
    const octets = await ask(path)
    if (octets === undefined) continue
    // Located, then loaded: it is read twice.
    const again = await ask(path)
    return { path, text: new TextDecoder().decode(again) }
  }
  throw new Error('could not locate the configuration')
}

async function hasCrypto(ask: Fetch, folder: string, prefix: string): Promise<boolean> {
  const places = [
    join(folder, 'crypto64.efi'),
    join(prefix, 'crypto64.efi'),
    join(prefix, 'efi/boot/crypto64.efi'),
  ]
  for (const place of places) if ((await ask(place)) !== undefined) return true
  return false
}

function join(prefix: string, name: string): string {
  return name.startsWith('/') || name.includes('://') ? name : `${prefix}/${name}`
}
