/**
 * openSUSE and SLES: by YaST up to Leap 15 and SLES 15, by Agama from 16 on.
 *
 * Sources: the openSUSE AutoYaST guide; agama-project/agama, kernel_cmdline.rs and agama-autoinstall
 * (where nobody is asked, it restarts at the end).
 */
import type { System } from './system.ts'

const files = { kernel: 'boot/x86_64/loader/linux', initrd: ['boot/x86_64/loader/initrd'] }
const yast = 'install=${image} netsetup=dhcp'

export const suse: System = {
  id: 'suse',
  answers: { format: 'autoyast', files: ['autoinst.xml'] },
  boots: () => [
    {
      ...files,
      suffix: '',
      title: '',
      args: yast,
      install: `${yast} autoyast=\${answers}/autoinst.xml`,
    },
    { ...files, suffix: 'rescue', title: 'rescue', args: `${yast} rescue=1` },
  ],
}

const live = 'root=live:${image}/LiveOS/squashfs.img'

export const agama: System = {
  id: 'agama',
  answers: { format: 'agama', files: ['profile.json'] },
  boots: () => [
    {
      ...files,
      suffix: '',
      title: '',
      args: live,
      install: `${live} inst.auto=\${answers}/profile.json`,
    },
  ],
  says: ({ has }) =>
    has('install')
      ? [
          'its packages are in the image: to install from there, add inst.install_url=${image}/install to args',
        ]
      : [],
}
