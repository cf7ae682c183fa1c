/**
 * Photon OS: its installer, asking or by a kickstart. It takes its packages from `repo=` (`repos=`
 * from installer 2.2 on). Without one it says so, ends well, and the machine starts again and again:
 * so there is no entry without packages.
 *
 * Sources: vmware/photon-os-installer, isoInstaller.py of each tag; vmware/photon, `installer/` of
 * the older branches. Up to 2.0 they look for `ks=` and `repo=` anywhere in the line: no other
 * argument may end in these.
 */
import type { Installer } from '../kickstart/installers.ts'
import { installerOfRelease, knowsRepos, wantsInsecure } from './photon-installer.ts'
import type { ImageFacts, System, SystemBoot } from './system.ts'

const answersFile = 'photon.json'

export const photon: System = {
  id: 'photon',
  answers: { format: 'photon', files: [answersFile] },
  boots: (facts) => (hasPackages(facts) ? [installer(facts)] : []),
  says: (facts) =>
    hasPackages(facts)
      ? []
      : [
          'it has no packages (RPMS/repodata/repomd.xml), without which its installer restarts the ' +
            'machine for ever: name them as repository of the image',
        ],
}

function hasPackages({ repository, has }: ImageFacts): boolean {
  return repository !== undefined || has('RPMS/repodata/repomd.xml')
}

function installer(facts: ImageFacts): SystemBoot {
  const { has, repository = '${image}/RPMS' } = facts
  const found = photonInstaller(facts)
  const args = `root=/dev/ram0 loglevel=3 ${packages(found)}=${repository}`
  const insecure = found === undefined || wantsInsecure(found) ? ' insecure_installation=1' : ''
  return {
    suffix: '',
    title: '',
    kernel: 'isolinux/vmlinuz',
    initrd: ['isolinux/initrd.img'],
    args,
    install: `${args}${insecure} ks=\${answers}/${answersFile}`,
    ...(has('RPMS/aarch64') && !has('RPMS/x86_64') ? { arch: ['arm64'] as const } : {}),
  }
}

/** As found in the image, else as the release has it; undefined where neither is known. */
function photonInstaller({
  installer: found,
  version,
}: Pick<ImageFacts, 'installer' | 'version'>): Installer | undefined {
  return found ?? installerOfRelease(version)
}

/** All know `repo=`. */
function packages(found: Installer | undefined): 'repo' | 'repos' {
  return found !== undefined && knowsRepos(found) ? 'repos' : 'repo'
}
