/**
 * Debian's installer, and Ubuntu's of before 20.04, which is the same. The one that boots from the
 * network is `netboot.tar.gz` of the archive, unpacked; that of a disc knows no network.
 *
 * Sources: the Debian installation guide, 5.3 and appendix B; netcfg's and network-preseed's own
 * templates; the folder layout of `dists/SUITE/main/installer-ARCH/current/images/netboot`.
 */
import type { ImageFacts, System, SystemBoot } from './system.ts'

const arches = ['amd64', 'arm64', 'i386'] as const

/**
 * What the installer asks before it has a network, and so before it can read an answer: which card,
 * and what to do on a network without a router or a name server. It needs neither: all it fetches
 * comes from an address.
 */
const network = [
  '${bootif} interface=auto netcfg/no_default_route=true',
  'netcfg/get_nameservers= netcfg/dhcp_timeout=60',
].join(' ')

const scripted = `auto=true priority=critical ${network} url=\${answers}/preseed.cfg`

const answers = { format: 'preseed', files: ['preseed.cfg'] } as const

export const debianInstaller: System = {
  id: 'debian-installer',
  answers,
  boots: (facts) =>
    ['debian', 'ubuntu'].flatMap((name) =>
      arches.flatMap((arch) => bootsIn(`${name}-installer/${arch}`, facts)),
    ),
}

/** A disc with packages: netinst, CD, DVD. */
export const debian: System = {
  id: 'debian',
  answers,
  boots: () => [],
  says: () => [
    'the installer of this disc looks for the disc itself, on a drive or as a file on a disk, and knows no network: ' +
      "put Debian's netboot.tar.gz, unpacked, into images/ and boot that",
  ],
}

function bootsIn(folder: string, { has }: ImageFacts): readonly SystemBoot[] {
  const kernel = `${folder}/linux`
  if (!has(kernel)) return []
  const base = { kernel, initrd: [`${folder}/initrd.gz`] }
  return [
    { ...base, suffix: '', title: '', args: '${bootif}', install: scripted },
    { ...base, suffix: 'rescue', title: 'rescue', args: '${bootif} rescue/enable=true' },
  ]
}
