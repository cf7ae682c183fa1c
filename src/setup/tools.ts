/**
 * Programs that the lab and the tests run, installed by the machine's apt where they are absent.
 * Installing them starts nothing and opens no port, now or at the next start of the machine: a
 * package's services are refused while it is installed, and disabled. The servers that bench/
 * compares with are never installed.
 */
import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { SystemError } from '../core/errors.ts'
import { hasProgram, run } from './commands.ts'
import { step } from './progress.ts'

interface Tool {
  readonly package: string
  /** It is there when this program is, or this file where it starts with `/`. */
  readonly provides: string
  /** systemd's units that it brings and that must not run. */
  readonly units?: readonly string[]
}

/** The virtual machines, their network, and the other DHCP server of proxy mode. */
const labTools: readonly Tool[] = [
  { package: 'qemu-system-x86', provides: 'qemu-system-x86_64' },
  { package: 'ovmf', provides: '/usr/share/OVMF/OVMF_CODE_4M.fd' },
  { package: 'ovmf-ia32', provides: '/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd' },
  { package: 'qemu-system-arm', provides: 'qemu-system-aarch64' },
  { package: 'qemu-efi-aarch64', provides: '/usr/share/AAVMF/AAVMF_CODE.fd' },
  { package: 'iproute2', provides: 'ip' },
  { package: 'procps', provides: 'sysctl' },
  { package: 'dnsmasq-base', provides: 'dnsmasq' },
  { package: 'tcpdump', provides: 'tcpdump' },
]

/** Real clients and servers that the tests talk to. */
const testTools: readonly Tool[] = [
  { package: 'nftables', provides: 'nft' },
  { package: 'tftp-hpa', provides: 'tftp' },
  { package: 'atftp', provides: 'atftp' },
  { package: 'curl', provides: 'curl' },
  { package: 'busybox-static', provides: 'busybox' },
  { package: 'isc-dhcp-client', provides: 'dhclient' },
  { package: 'dhcpcd-base', provides: 'dhcpcd' },
  { package: 'openssl', provides: 'openssl' },
  { package: 'openssh-client', provides: 'ssh' },
  { package: 'sshpass', provides: 'sshpass' },
  { package: 'iperf3', provides: 'iperf3', units: ['iperf3.service'] },
  { package: 'grub-common', provides: 'grub-script-check' },
  { package: 'grub-pc-bin', provides: '/usr/lib/grub/i386-pc/boot.img' },
  { package: 'grub-efi-amd64-bin', provides: '/usr/lib/grub/x86_64-efi/normal.mod' },
  { package: 'bash-static', provides: 'bash-static' },
  { package: 'qemu-utils', provides: 'qemu-img' },
  { package: 'e2fsprogs', provides: 'mke2fs' },
  { package: 'fdisk', provides: 'sfdisk' },
  { package: 'dosfstools', provides: 'mkfs.fat' },
  { package: 'mtools', provides: 'mcopy' },
  { package: 'squashfs-tools', provides: 'mksquashfs' },
  { package: 'xorriso', provides: 'xorriso' },
  { package: 'createrepo-c', provides: 'createrepo_c' },
  { package: 'rpm', provides: 'rpmbuild' },
  { package: 'dnf', provides: 'dnf' },
  {
    package: 'docker.io',
    provides: 'dockerd',
    units: ['docker.service', 'docker.socket', 'containerd.service'],
  },
  { package: 'docker-compose', provides: 'docker-compose' },
  { package: 'debootstrap', provides: 'debootstrap' },
]

/** Which programs are asked for; each set holds the one before. */
export type ToolSet = 'lab' | 'test'

/** Installs what is absent; does not call apt where nothing is. */
export async function ensureTools(set: ToolSet): Promise<void> {
  const tools = set === 'lab' ? labTools : [...labTools, ...testTools]
  const absent = tools.filter((tool) => !isPresent(tool))
  if (absent.length === 0) return
  const packages = absent.map((tool) => tool.package)
  const command = `apt-get install --no-install-recommends ${packages.join(' ')}`
  if (!hasProgram('apt-get') || process.getuid?.() !== 0) {
    throw new SystemError(`programs are missing on this machine; as root run: ${command}`)
  }
  await step(`installed ${packages.join(', ')}`, async () => {
    await withoutServices(() => install(packages))
    const units = absent.flatMap((tool) => tool.units ?? [])
    if (units.length > 0 && hasProgram('systemctl')) await run('systemctl', ['disable', ...units])
  })
}

/** Debian's packages ask this program before they start a service; 101 means no. */
const policyFile = '/usr/sbin/policy-rc.d'
/** Known by its words: a set-up that was killed may have left it behind. */
const ourPolicy = "#!/bin/sh\n# Bootlace's, while it installs packages.\nexit 101\n"

/** Does the work while no package may start a service; a policy of the machine's own stays. */
export async function withoutServices(
  work: () => Promise<void>,
  policy: string = policyFile,
): Promise<void> {
  const found = await readFile(policy, 'utf8').catch(() => ourPolicy)
  if (found !== ourPolicy) return work()
  await writeFile(policy, ourPolicy, { mode: 0o755 })
  try {
    await work()
  } finally {
    await rm(policy, { force: true })
  }
}

function isPresent({ provides }: Tool): boolean {
  return provides.startsWith('/') ? existsSync(provides) : hasProgram(provides)
}

async function install(packages: readonly string[]): Promise<void> {
  const environment = { DEBIAN_FRONTEND: 'noninteractive' }
  // A third party's archive that is down is not our concern: the installation itself decides.
  await run('apt-get', ['-q', 'update'], { environment }).catch(() => undefined)
  const args = ['install', '-q', '-y', '--no-install-recommends', '-o', 'Dpkg::Use-Pty=0']
  await run('apt-get', [...args, ...packages], { environment })
}
