/** An image as entries of the menu: as its own boot loader starts it, or as its system is known to. */
import type { Firmware } from '../boot/loader/firmware.ts'
import type { Arch, BootEntry, EsxiEntry, WimbootEntry } from '../boot/menu/catalog.ts'
import { esxiInstall } from '../boot/system/esxi.ts'
import type { EsxiFiles } from '../io/image/esxi-files.ts'
import type { OfferedBoot } from '../io/image/image-offers.ts'
import type { NetbootImage } from '../io/image/netboot-image.ts'
import type { LinuxKernel } from '../wire/linux/linux-kernel.ts'
import type { NamedImage } from './command/image-names.ts'
import { imageTitle } from './command/image-report.ts'

export interface KnownImage {
  readonly name: string
  readonly image: NetbootImage
}

export function imageEntries(named: NamedImage, image: NetbootImage): readonly BootEntry[] {
  const title = named.title ?? imageTitle(image, named.name)
  const { boot, offers } = image
  if (offers?.esxi !== undefined) return esxiEntries(named, title, offers.esxi)
  const { name, args } = named
  if (boot === undefined) {
    return (offers?.boots ?? []).map((each) => entryOf(name, title, withMore(each, args)))
  }
  const own = { ...boot, suffix: '', title: '', args: args ?? boot.args }
  return [entryOf(name, title, own)]
}

/** A system that is known needs its own arguments: without them Photon restarts for ever. */
function withMore(boot: OfferedBoot, more: string | undefined): OfferedBoot {
  if (more === undefined) return boot
  const { args, install } = boot
  const added = `${args} ${more}`.trim()
  return {
    ...boot,
    args: added,
    ...(install === undefined ? {} : { install: `${install} ${more}` }),
  }
}

function entryOf(name: string, title: string, boot: OfferedBoot): BootEntry {
  const { suffix, about, args, install, kernel, initrd } = boot
  const base = {
    name: suffix === '' ? name : `${name}-${suffix}`,
    title: boot.title === '' ? title : `${title}, ${boot.title}`,
    arch: boot.arch ?? archesOf(about),
    firmware: boot.firmware ?? firmwareOf(about),
  }
  if (boot.isWimboot === true) return { ...base, type: 'wimboot', ...wimbootFiles(name, boot) }
  return {
    ...base,
    type: 'linux',
    kernel: `boot/${name}/${kernel}`,
    initrd: initrd.map((path) => `boot/${name}/${path}`),
    args,
    ...(install === undefined ? {} : { install }),
  }
}

/** None where a file is missing that mboot would ask for: it would stop halfway. */
function esxiEntries(
  { name, args = '' }: NamedImage,
  title: string,
  { missing, hasBios }: EsxiFiles,
): readonly EsxiEntry[] {
  if (missing.length > 0) return []
  const firmware = [...(hasBios ? ['bios' as const] : []), 'uefi-x64' as const]
  const install = `${esxiInstall} ${args}`.trim()
  const image = `boot/${name}`
  return [{ type: 'esxi', name, title, arch: ['x64'], firmware, image, args, install }]
}

/** wimboot itself is no file of the image. */
function wimbootFiles(
  name: string,
  { archive }: OfferedBoot,
): Pick<WimbootEntry, 'program' | 'files' | 'archive' | 'needs'> {
  const paths = Object.entries(archive?.files ?? {})
  return {
    program: 'wimboot',
    needs: ['wimboot'],
    files: Object.fromEntries(paths.map(([file, path]) => [file, `boot/${name}/${path}`])),
    archive: `boot/${name}/${archive?.path ?? ''}`,
  }
}

/** A kernel of 32 bits runs on both. */
function archesOf(about: LinuxKernel | undefined): readonly Arch[] {
  if (about?.arch === 'arm64') return ['arm64']
  return about?.is64 === true ? ['x64'] : ['x64', 'ia32']
}

/** Without the right entry point a kernel starts on BIOS alone; undefined where any firmware will do. */
function firmwareOf(about: LinuxKernel | undefined): readonly Firmware[] | undefined {
  if (about?.arch !== 'x86') return undefined
  if (!about.hasEfiStub) return ['bios']
  return about.is64 ? undefined : ['bios', 'uefi-ia32']
}
