/** Which kickstart a host of the configuration has, and what can be said of the host in it. */
import { contains, formatIpv4 } from '../../core/address.ts'
import { InputError } from '../../core/errors.ts'
import { type HostFacts, hostVariables } from '../../boot/kickstart/host-variables.ts'
import type { Variables } from '../../boot/kickstart/template-reference.ts'
import { listInterfaces, selectInterfaces } from '../../io/net/interfaces.ts'
import type { Config } from '../config/config-schema.ts'

type HostConfig = Config['hosts'][number]

export interface HostKickstart {
  readonly file: string
  /** Where the configuration names it. */
  readonly setting: string
  readonly variables: Variables
}

export interface KickstartPlace {
  /** The image that the host's entry boots from; by default that of the entry's name. */
  readonly image?: string | undefined
  /** Our own address; without it, that in the host's network. */
  readonly server?: string | undefined
}

/** Throws InputError. */
export function hostKickstart(
  config: Config,
  name: string,
  { image, server }: KickstartPlace = {},
): HostKickstart {
  const host = config.hosts.find((one) => one.name === name)
  if (host === undefined) {
    const names = config.hosts.map((one) => one.name).join(', ') || 'none'
    throw new InputError([`there is no host ${name} in the configuration; there are ${names}`])
  }
  const file = kickstartOf(host, config.images, image ?? host.boot)
  if (file === undefined) {
    throw new InputError([
      `${name} has no kickstart: name one as kickstart of the host, or of the image that it boots`,
    ])
  }
  const facts = hostFacts(config, host)
  const variables = hostVariables({ ...facts, server: server ?? ownAddress(config, facts) })
  const setting =
    host.kickstart === undefined
      ? `images.${image ?? host.boot}.kickstart`
      : `hosts[${config.hosts.indexOf(host)}].kickstart`
  return { file, setting, variables }
}

/** Its own kickstart, else that of the image that it boots. */
export function kickstartOf(
  { kickstart }: Partial<Pick<HostConfig, 'kickstart'>>,
  images: Config['images'],
  image: string,
): string | undefined {
  return kickstart ?? images[image]?.kickstart
}

function hostFacts(config: Config, { name, mac, address, vars }: HostConfig): HostFacts {
  const { subnets } = config.dhcp
  const subnet = subnets.find(({ network }) => address !== undefined && contains(network, address))
  return {
    name,
    mac,
    address,
    vars,
    ...(subnet === undefined
      ? {}
      : {
          network: {
            subnet: subnet.network,
            gateway: subnet.gateway,
            dns: subnet.dns,
            domain: subnet.domain,
          },
        }),
  }
}

/** In the host's network; where nobody knows that, the first. */
function ownAddress(config: Config, { network }: HostFacts): string | undefined {
  const all = selectInterfaces(config.interfaces, listInterfaces()).flatMap((one) => one.addresses)
  const near = all.find(({ address }) => network !== undefined && contains(network.subnet, address))
  const found = near ?? all[0]
  return found === undefined ? undefined : formatIpv4(found.address)
}
