/**
 * Composes TinyVM's initrd: busybox, the kernel modules as they are in the package (each is
 * unpacked only where its hardware is), the tables that modprobe reads, and our own files from
 * `rootfs/`. The same parts give the same octets.
 */
import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { constants, zstdCompressSync } from 'node:zlib'
import { type CpioEntry, writeCpio } from '../../wire/cpio.ts'
import { modulesAlias, modulesDep } from '../../wire/modinfo.ts'
import type { Parts } from './parts.ts'

/** 2025-01-01: any fixed time will do, as long as it is the same for everybody. */
const modified = 1_735_689_600

const folders = ['bin', 'dev', 'proc', 'root', 'run', 'sbin', 'sys', 'usr', 'usr/sbin', 'tmp']

/** Needed before /dev is mounted; the kernel's own archive has only the console. */
const devices: readonly CpioEntry[] = [
  { type: 'device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
  { type: 'device', path: 'dev/null', mode: 0o666, major: 1, minor: 3 },
]

export interface ImageSource {
  readonly parts: Parts
  /** Folder with the parts' files. */
  readonly partsFolder: string
  /** Folder with our own files, as they lie under `/`. */
  readonly rootFolder: string
  /** TinyVM's version, shown in its banner and its report. */
  readonly version: string
}

/**
 * The initrd, compressed with Zstandard: unpacked in no measurable time (gzip, xz and none at all
 * started equally soon under emulation), and a third less to fetch where a firmware's driver is slow.
 */
export async function composeImage(source: ImageSource): Promise<Uint8Array> {
  const files = [
    ...(await ownFiles(source.rootFolder)),
    ...(await moduleFiles(source)),
    textFile('etc/tinyvm-version', `${source.version}\n`),
    { ...file('bin/busybox', await readFile(join(source.partsFolder, 'busybox'))), mode: 0o755 },
  ]
  const tree = [...files, ...devices]
  const archive = writeCpio([...foldersOf(tree), ...tree.sort(byPath)], modified)
  return zstdCompressSync(archive, { params: { [constants.ZSTD_c_compressionLevel]: 19 } })
}

/** Files of ours; what starts with `#!` may be run. */
async function ownFiles(folder: string): Promise<CpioEntry[]> {
  const names = (await readdir(folder, { recursive: true })).sort()
  const entries: CpioEntry[] = []
  for (const name of names) {
    if ((await stat(join(folder, name))).isDirectory()) continue
    const octets = await readFile(join(folder, name))
    const program = octets.subarray(0, 2).toString() === '#!'
    entries.push({ ...file(name, octets), mode: program ? 0o755 : 0o644 })
  }
  return entries
}

async function moduleFiles({ parts, partsFolder }: ImageSource): Promise<CpioEntry[]> {
  const base = `lib/modules/${parts.release}`
  const infos = parts.modules.map(({ info }) => info)
  const paths = new Map(parts.modules.map(({ path, info }) => [info.name, path]))
  const entries: CpioEntry[] = [
    textFile(
      `${base}/modules.dep`,
      modulesDep(infos, (name) => paths.get(name) ?? name),
    ),
    textFile(`${base}/modules.alias`, modulesAlias(infos)),
  ]
  for (const { path } of parts.modules) {
    entries.push(file(`${base}/${path}`, await readFile(join(partsFolder, path))))
  }
  return entries
}

function file(path: string, octets: Uint8Array): CpioEntry {
  return { type: 'file', path, mode: 0o644, octets }
}

function textFile(path: string, text: string): CpioEntry {
  return file(path, new TextEncoder().encode(text))
}

/** Every folder that is needed, each before what is in it. */
function foldersOf(entries: readonly CpioEntry[]): CpioEntry[] {
  const paths = new Set(folders)
  for (const { path } of entries) {
    const parts = path.split('/')
    for (let depth = 1; depth < parts.length; depth += 1) paths.add(parts.slice(0, depth).join('/'))
  }
  return [...paths].sort().map((path) => ({
    type: 'directory',
    path,
    mode: path === 'tmp' ? 0o1777 : 0o755,
  }))
}

function byPath(a: CpioEntry, b: CpioEntry): number {
  return a.path < b.path ? -1 : 1
}
