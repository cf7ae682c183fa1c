/**
 * `docs/kickstart-keys.md`: every key of a Photon kickstart by installer, and what each release
 * carries, made from the data that kickstarts are checked by. The meanings stand here, since nothing
 * but the page needs them.
 */
import type { Field } from '../../boot/kickstart/formats.ts'
import { installers, knows, releases } from '../../boot/kickstart/installers.ts'
import { type KickstartKey, kickstartKeys } from '../../boot/kickstart/kickstart-keys.ts'

const meanings: Readonly<Record<KickstartKey, string>> = {
  disk: 'The disk that is wiped, such as `/dev/sda`.',
  disks:
    'Several disks by id, one of them `default`: `{"default": {"device": "/dev/sda"}}`. Instead of `disk`.',
  partitions: 'What is made on the disks; see below. Default: one ext4 for everything.',
  partition_type: '`gpt` (the default) or `msdos`.',
  bootmode:
    '`bios`, `efi` or `dualboot`. Default up to 2.8 `dualboot`, from 2.9 on `efi`: no BIOS boots that.',
  arch: '`x86_64` or `aarch64`. Default: that of the machine.',
  hostname: 'Default: `photon-` and a random number.',
  password:
    'root\'s: `{"crypted": true, "text": "$6$…"}`, and `age` in days. Default: no login by password.',
  shadow_password: 'The hash alone, instead of `password`.',
  public_key: 'root\'s ssh key. Text; from 2.8 on `{"key": …, "reason": …}`.',
  packagelist_file:
    'A list on the installer: `packages_minimal.json`, `packages_developer.json`, `packages_rt.json`, `packages_ostree_host.json`.',
  packagelist_files: 'Several of them.',
  packages: 'Packages, `NAME` or `NAME=VERSION`.',
  additional_packages: 'More packages, beside a list.',
  packages_x86_64: 'More packages for this processor.',
  packages_aarch64: 'More packages for this processor.',
  linux_flavor:
    'The kernel: `linux`, `linux-esx`, `linux-aws`, `linux-secure`, `linux-rt`. Needed up to 2.3, where the lists hold two; then `linux` by default.',
  linux_flavor_x86_64: 'The kernel for this processor.',
  linux_flavor_aarch64: 'The kernel for this processor.',
  install_linux_esx: 'As `linux_flavor: linux-esx`.',
  network: "The installed system's network; see below. Default: DHCP.",
  postinstall:
    'Lines of one script that runs in the new system. From 2.8 on the install fails when it does.',
  postinstallscripts: 'Scripts on the installer, run after `postinstall`.',
  preinstall:
    'Lines of a script that runs before everything; what it exports fills in values that are exactly `$NAME`.',
  preinstallscripts: 'Scripts on the installer, run with it.',
  prepkgsinstall: 'Lines of a script that runs before the packages are installed.',
  prepkgsinstallscripts: 'Scripts on the installer, run with it.',
  firstboot: '`{"scripts": [FILE]}`: run at the first start.',
  services: 'Service to `enabled`, `disabled` or `masked`.',
  additional_files: 'Files for the new system: `[{"http://…": "/etc/motd"}]`.',
  additional_rpms_path: 'A folder on the installer with more packages.',
  search_path: 'Folders on the installer where files are looked for.',
  repos: 'Repositories by id. The kernel argument `repo=` wins over it.',
  insecure_repo: 'Whether certificates of repositories go unchecked.',
  environment: 'Variables for the scripts.',
  security: '`{"selinux": "enforcing", "fips": true}`.',
  grub: '`{"password_pbkdf2": "grub.pbkdf2.sha512.…"}` (`hash-password --grub`); `null` for none. Without it the boot menu cannot be edited.',
  docker: 'Images that are pulled or loaded at install.',
  ansible: 'Playbooks on the installer.',
  ostree: 'An OSTree host instead of packages.',
  build_mounts: 'Folders of the installer that scripts see.',
  archives: 'Archives made of the new system.',
  plugins: 'Modules on the installer; they may add keys.',
  dps: 'Whether partitions get discoverable types.',
  setup_grub_script: 'Another script for the boot loader.',
  user_grub_cfg_file: 'More lines for grub.cfg.',
  manifest_file: 'Where it writes what it did.',
  tdnf_cachedir: 'A cache for packages.',
  no_clean: 'For debugging: keeps the cache.',
  no_unmount: 'For debugging: leaves the disks mounted.',
  live: 'Whether this is the machine itself and no image.',
  eject_cdrom: 'Default true; nothing happens where there is none.',
  ui: 'Whether progress is drawn.',
  log_level: '`error`, `warning`, `info` (the default) or `debug`.',
  photon_docker_image: 'A leftover; `photon:latest`.',
  type: 'Up to photon2.0 what is installed: `minimal`, `full`, …; ignored since.',
  autopartition: 'Ignored.',
  docker_partition_size: 'Megabytes for /var/lib/docker.',
  swap_partition_size: 'Megabytes of swap.',
  insecure_installation: 'Set by the installer itself.',
  photon_release_version: 'Set by the installer itself.',
  release_version: 'Set by the installer itself.',
}

/** The page without its first line. */
export function kickstartKeysText(): string {
  return `# Keys of a Photon kickstart, by installer

What a file may say to which installer, for \`kickstart check\` and for files that are handed out as
they stand. In [a source](kickstart-photon.md) most differences are taken care of.

## Installers

The first four read a kickstart without checking it. From \`photon3.0\` on an unknown key ends the
install before it begins.

| release | installer | which is |
|---|---|---|
${releases.map(({ name, installer, says }) => `| \`${name}\` | \`${installer}\` | ${says} |`).join('\n')}

## Keys

\`x\`: known. The columns are \`${installers.join('`, `')}\`.

| key | ${installers.map(shortName).join(' | ')} |
|---|${installers.map(() => '---|').join('')}
${Object.entries(kickstartKeys)
  .map(([name, field]) => row(name, field))
  .join('\n')}

## What they mean

| key | what it is |
|---|---|
${Object.entries(meanings)
  .map(([name, says]) => `| \`${name}\` | ${says} |`)
  .join('\n')}
`
}

function row(name: string, { known = {} }: Field): string {
  const marks = installers.map((installer) => (knows(installer, known) ? 'x' : ''))
  return `| \`${name}\` | ${marks.join(' | ')} |`
}

/** Narrow columns: `p3.0` for photon3.0. */
function shortName(installer: string): string {
  return installer.replace('photon', 'p')
}
