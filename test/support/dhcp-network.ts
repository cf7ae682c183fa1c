/** A DHCP service in a namespace and real clients around it. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DhcpTestSettings } from './serve-dhcp.ts'
import type { Running, TestNetwork } from './netns.ts'

const root = new URL('../../', import.meta.url).pathname
export const node = join(root, 'node_modules/.bin/node')

/** Starts our DHCP service; resolves when everything is open. */
export async function serveDhcp(
  network: TestNetwork,
  namespace: string,
  settings: Partial<DhcpTestSettings>,
): Promise<Running> {
  const whole: DhcpTestSettings = { leases: join(network.folder, 'leases.sqlite'), ...settings }
  const script = join(root, 'test/support/serve-dhcp.ts')
  const running = network.start(namespace, [node, script, JSON.stringify(whole)])
  await running.line(/"service.ready"/)
  return running
}

/** dnsmasq as the DHCP server that is there already: addresses, nothing to boot. */
export async function serveDnsmasq(
  network: TestNetwork,
  namespace: string,
  words: readonly string[],
): Promise<Running> {
  const quiet = ['--no-daemon', '--conf-file=/dev/null', '--port=0', '--log-dhcp', '--user=root']
  const leases = [
    `--dhcp-leasefile=${network.folder}/${namespace}.leases`,
    '--pid-file=',
    '--no-ping',
  ]
  const running = network.start(namespace, ['dnsmasq', ...quiet, ...leases, ...words])
  await running.line(/DHCP, IP range|DHCP relay/)
  return running
}

export type Environment = Readonly<Record<string, string>>

/** Runs `udhcpc` until it has a lease; answers what it tells its script, `{}` when it gave up. */
export async function udhcpc(
  network: TestNetwork,
  namespace: string,
  words: readonly string[] = [],
): Promise<Environment> {
  const script = join(network.folder, 'udhcpc-script')
  writeFileSync(script, '#!/bin/sh\n[ "$1" = bound ] || exit 0\nenv | sed "s/^/env:/"\n')
  chmodSync(script, 0o755)
  const tries = words.includes('-t') ? [] : ['-t', '4']
  const command = ['busybox', 'udhcpc', '-i', 'eth0', '-f', '-n', '-q', '-T', '1', ...tries]
  const ran = await network.run(namespace, [...command, '-s', script, ...words], { private: true })
  const lines = ran.output.matchAll(/^env:(\w+)=(.*)$/gm)
  return Object.fromEntries([...lines].map(([, name, value]) => [name ?? '', value ?? '']))
}

/** Words that make `udhcpc` look like PXE firmware of a machine. */
export function asPxe(architecture: number): readonly string[] {
  const code = architecture.toString(16).padStart(4, '0')
  const name = architecture.toString().padStart(5, '0')
  const identity = ['-x', `0x5d:${code}`, '-x', '0x5e:010310', '-x', `0x61:${'00'.repeat(17)}`]
  return [
    '-B',
    '-V',
    `PXEClient:Arch:${name}:UNDI:003016`,
    ...identity,
    '-O',
    'bootfile',
    '-O',
    'tftp',
  ]
}
