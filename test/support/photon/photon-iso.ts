/**
 * An ISO shaped as Photon's: its marker, kernel and initrd in `isolinux/`, packages in `RPMS/`, Rock
 * Ridge and no Joliet. The initrd is ours: it behaves as the real installer does (`iso-installer`).
 *
 * Sources: vmware/photon and vmware/photon-os-installer, the scripts that build the ISO.
 */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Installer } from '../../../src/boot/kickstart/installers.ts'
import { keysOf } from '../../../src/boot/kickstart/kickstart-keys.ts'
import { standInParts } from '../../../src/setup/stand-in.ts'
import { text, tool, writeFiles } from '../image-files.ts'
import { own, packed, systemEntries, writePackages } from './photon-packages.ts'

export interface PhotonIso {
  readonly release: string
  /** The installer in its initrd: not that which the release came with. */
  readonly installer: Installer
}

/** Writes `photon-RELEASE.iso` into the folder; answers its path. */
export async function writePhotonIso(
  folder: string,
  { release, installer }: PhotonIso,
): Promise<string> {
  const [work, tree] = [join(folder, 'work'), join(folder, 'tree')]
  mkdirSync(work, { recursive: true })
  writeFiles(tree, {
    PHOTON_VMWARE_CD: text(''),
    'isolinux/isolinux.cfg': text('include menu.cfg\ndefault vesamenu.c32\ntimeout 0\n'),
    'isolinux/menu.cfg': text(
      'label install\n\tmenu label ^Install\n\tkernel vmlinuz\n' +
        '\tappend initrd=initrd.img root=/dev/ram0 loglevel=3 photon.media=cdrom\n',
    ),
    'isolinux/sample_ks.cfg': text('{}'),
    'boot/grub2/grub.cfg': text('linux /isolinux/vmlinuz root=/dev/ram0 loglevel=3\n'),
    'isolinux/initrd.img': await installerInitrd(installer),
  })
  copyFileSync((await standInParts()).kernel, join(tree, 'isolinux/vmlinuz'))
  await writePackages(tree, work, release)
  const iso = join(folder, `photon-${release}.iso`)
  const label = ['-V', 'PHOTON_20260101', '-o', iso]
  tool('xorriso', '-as', 'mkisofs', '-quiet', '-R', '-l', '-L', '-D', ...label, tree)
  return iso
}

async function installerInitrd(installer: Installer): Promise<Uint8Array> {
  const keys = keysOf(installer).map((key) => `        '${key}',\n`)
  const entries = await systemEntries({
    init: own('init'),
    'installer/iso-installer': own('iso-installer'),
    'installer/json.awk': own('json.awk'),
    'installer/packages_minimal.json': text(packageList),
    'usr/lib/python3.11/site-packages/photon_installer/installer.py': text(
      `class Installer(object):\n    known_keys = {\n${keys.join('')}    }\n`,
    ),
    ...withLibraries('/usr/sbin/sfdisk'),
  })
  return packed(entries)
}

/** As on the ISOs: several kernels, of which the kickstart picks one. */
const packageList = JSON.stringify({ packages: ['minimal', 'linux', 'linux-esx'] }, undefined, 4)

/** A program of this machine's with all that it loads, where it looks for it. */
function withLibraries(program: string): Readonly<Record<string, Uint8Array>> {
  const paths = [...tool('ldd', program).matchAll(/(\/\S+)/g)].map(([path]) => path)
  return Object.fromEntries(
    [program, ...paths].map((path) => [path.slice(1), readFileSync(path)] as const),
  )
}
