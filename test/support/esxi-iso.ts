/**
 * Discs shaped like those of ESXi, made by xorriso: names of plain ISO 9660, upper case and 8.3, with
 * the boot.cfg of a release and octets of no meaning in place of its modules.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bootCfgFiles } from '../../src/boot/esxi/boot-cfg.ts'
import { type FileMap, noise, text, tool, writeFiles } from './image-files.ts'

export type EsxiRelease = '6.5' | '6.7' | '7.0' | '8.0' | '9.0'

export interface EsxiIsoOptions {
  /** More files, or others; undefined leaves one out. */
  readonly files?: Readonly<Record<string, Uint8Array | undefined>>
  readonly options?: readonly string[]
}

export function bootCfgOf(release: EsxiRelease): string {
  const file = new URL(`../fixtures/esxi/${release}.cfg`, import.meta.url)
  return readFileSync(file, 'utf8')
}

/** What is in it, by lower-case path. */
export function esxiFiles(
  release: EsxiRelease,
  { files = {} }: EsxiIsoOptions = {},
): Readonly<Record<string, Uint8Array>> {
  const cfg = bootCfgOf(release)
  const modules = (bootCfgFiles(cfg) ?? []).map(
    (path, index) => [path.slice(1), noise(1000 + index * 37, index + 1)] as const,
  )
  const all: Record<string, Uint8Array | undefined> = {
    ...Object.fromEntries(modules),
    'boot.cfg': text(cfg),
    'efi/boot/boot.cfg': text(cfg),
    'efi/boot/bootx64.efi': noise(200_000, 301),
    'efi/boot/crypto64.efi': noise(90_000, 302),
    'isolinux.bin': noise(24_576, 303),
    'isolinux.cfg': text(
      'DEFAULT menu.c32\nLABEL install\n  KERNEL mboot.c32\n  APPEND -c boot.cfg\n',
    ),
    'mboot.c32': noise(90_088, 304),
    ...files,
  }
  return Object.fromEntries(
    Object.entries(all).flatMap(([path, octets]) => (octets === undefined ? [] : [[path, octets]])),
  )
}

/** Written to `folder`; answers its path. */
export function writeEsxiIso(
  folder: string,
  release: EsxiRelease,
  options: EsxiIsoOptions = {},
): string {
  const files: FileMap = Object.fromEntries(
    Object.entries(esxiFiles(release, options)).map(([path, octets]) => [
      path.toUpperCase(),
      octets,
    ]),
  )
  const tree = writeFiles(join(folder, `tree-${release}`), files)
  const image = join(folder, `esxi-${release}.iso`)
  const names = options.options ?? ['-iso-level', '1']
  tool('xorriso', '-as', 'mkisofs', '--norock', ...names, '-V', 'ESXI', '-o', image, tree)
  return image
}
