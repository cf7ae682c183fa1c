/**
 * Other people's servers in the lab's network, played by a real dnsmasq: a DHCP server that gives
 * addresses and nothing about booting, as a home router does, and an IPv6 router.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { SystemError } from '../core/errors.ts'
import { labAddresses } from './lab-config.ts'
import { type LabChild, isRunning, onLines, startIn, stop } from './processes.ts'

/** The words that say that it has begun its service. */
type Role = { readonly argv: readonly string[]; readonly begun: string }

/** Gives out .100 to .199 of the lab's network. */
const addressServer: Role = {
  argv: ['--dhcp-range=192.168.50.100,192.168.50.199,255.255.255.0,1h'],
  begun: 'DHCP, sockets bound',
}

/**
 * Says on IPv6 that it is there, and no more. iPXE looks for a router for four seconds (in 2019:
 * for thirteen) before it fetches anything, also where it only uses IPv4.
 */
const router: Role = {
  argv: ['--enable-ra', '--dhcp-range=fd77:1::,ra-only,64,600s', '--ra-param=eth0,4,0'],
  begun: 'router advertisement on',
}

/**
 * DHCPv6 for machines that boot over IPv6, which Bootlace leaves to others: an address, and what to
 * load first. Its router says that addresses are to be had here (M), and that a system may make one
 * itself (A).
 */
const ipv6Server: Role = {
  argv: [
    ['--enable-ra', '--ra-param=eth0,10,600', '--dhcp-range=fd77:1::100,fd77:1::1ff,slaac,64,1h'],
    ['--dhcp-userclass=set:ipxe,iPXE'],
    [`--dhcp-option=tag:!ipxe,option6:59,tftp://[${labAddresses.server6}]/snponly.efi`],
    [`--dhcp-option=tag:ipxe,option6:59,http://[${labAddresses.server6}]/menu.ipxe`],
  ].flat(),
  begun: 'router advertisement on',
}

const common: readonly string[] = [
  ['dnsmasq', '--no-daemon', '--conf-file=/dev/null', '--port=0', '--user=root', '--pid-file='],
  ['--log-dhcp', '--log-facility=-', '--leasefile-ro', '--dhcp-authoritative', '--no-ping'],
  ['--interface=eth0', '--bind-interfaces', '--except-interface=lo'],
].flat()

export class Dnsmasq implements AsyncDisposable {
  /** What dnsmasq said: some lines per packet. */
  readonly log: string[] = []
  readonly #child: LabChild

  private constructor(child: LabChild) {
    this.#child = child
    onLines(child.stderr, (line) => this.log.push(line))
  }

  static giveAddresses(namespace: string): Promise<Dnsmasq> {
    return Dnsmasq.#start(namespace, addressServer)
  }

  static advertiseRouter(namespace: string): Promise<Dnsmasq> {
    return Dnsmasq.#start(namespace, router)
  }

  static giveIpv6Addresses(namespace: string): Promise<Dnsmasq> {
    return Dnsmasq.#start(namespace, ipv6Server)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stop(this.#child)
  }

  static async #start(namespace: string, { argv, begun }: Role): Promise<Dnsmasq> {
    const server = new Dnsmasq(startIn(namespace, [...common, ...argv]))
    for (let attempt = 0; attempt < 250; attempt += 1) {
      if (server.log.some((line) => line.includes(begun))) return server
      if (!isRunning(server.#child)) break
      await delay(20)
    }
    await stop(server.#child)
    throw new SystemError(`dnsmasq does not start: ${server.log.join('; ')}`)
  }
}
