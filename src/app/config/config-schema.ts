/**
 * The configuration's schema, in this one place: what each key means, what it takes and its
 * default. `docs/configuration.md` is generated from it, and problems are explained by it.
 */
import { z } from 'zod'
import { loaders } from '../../boot/host.ts'
import {
  durationValue,
  ipv4Value,
  lineValue,
  macValue,
  nameValue,
  portValue,
  rangeValue,
  section,
  sizeValue,
  subnetValue,
} from './config-values.ts'
import { menuSchema } from './menu-schema.ts'
import { mirrorSchema } from './mirror-schema.ts'

const path = z.string({ error: 'a path' }).min(1, { error: 'a path' })
const mode = z.enum(['auto', 'full', 'proxy', 'off'], { error: 'auto, full, proxy or off' })

const subnet = section({
  network: subnetValue.describe('The network, e.g. 192.168.50.0/24.'),
  mode: mode.optional().describe('As `dhcp.mode`, for this subnet alone.'),
  pool: z
    .union([rangeValue, z.array(rangeValue)], {
      error: 'a range such as 192.168.50.100-192.168.50.199, the lower address first, or a list',
    })
    .optional()
    .describe('Addresses to give, e.g. 192.168.50.100-192.168.50.199. Default: what is free.'),
  gateway: ipv4Value.optional().describe('The router that clients are told; none by default.'),
  dns: z
    .array(ipv4Value, { error: 'a list of IPv4 addresses' })
    .default([])
    .describe('Name servers that clients are told.'),
  domain: lineValue.optional().describe('Domain name that clients are told.'),
  lease: durationValue.prefault('12h').describe('How long an address is lent.'),
})

const auto = section({
  listen: durationValue
    .prefault('5s')
    .describe('For so long nobody may answer the first questions before addresses are given.'),
  probe: durationValue
    .prefault('30s')
    .describe('How often the question is asked again while nothing changes.'),
  takeover: durationValue
    .prefault('60s')
    .describe('How long the other server must be silent before addresses are given in its place.'),
})

const dhcp = section({
  mode: mode
    .optional()
    .describe(
      'Default for the subnets below, which are `auto`: `full` gives addresses, `proxy` gives only ' +
        "boot data beside somebody else's DHCP server, `auto` finds out which of the two is right, " +
        '`off` is silent. On networks that are not named below Bootlace never gives addresses: ' +
        'there it is `proxy`, or `off` when this says so.',
    ),
  auto: auto.prefault({}).describe('How mode `auto` finds out: docs/dhcp.md.'),
  port: portValue.default(67).describe('UDP port of the server; others only for tests.'),
  proxyPort: portValue
    .default(4011)
    .describe('UDP port of the PXE boot server; others only for tests.'),
  subnets: z
    .array(subnet, { error: 'a list of subnets' })
    .default([])
    .describe('The networks on which Bootlace is told what to do.'),
})

const host = section({
  name: nameValue.describe('The name on the page and in the log.'),
  mac: macValue.describe('Which machine it is.'),
  address: ipv4Value.optional().describe('Its reserved address, in one of `dhcp.subnets`.'),
  boot: nameValue
    .default('menu')
    .describe(
      '`menu`, `autodeploy`, or an entry (then it sees no menu): `disk`, `tinyvm`, your own.',
    ),
  loader: z
    .enum(loaders, { error: loaders.join(', ') })
    .default('auto')
    .describe(
      'Which boot loader it gets: `auto` (follows its firmware), `pxelinux`, `lpxelinux`, ' +
        '`undionly`, `snponly`, `ipxe`, `grub`, `syslinux`; `none` gives it nothing.',
    ),
  kickstart: path
    .optional()
    .describe('Its unattended file, instead of that of the image: docs/systems/.'),
  once: z
    .boolean({ error: 'true or false' })
    .default(true)
    .describe(
      'Install once, then boot from the disk: docs/install.md. `false` installs at every start.',
    ),
  vars: z
    .record(
      z.string().regex(/^[A-Za-z_]\w*$/, { error: 'a name of letters, digits and "_"' }),
      z.union([lineValue, z.number(), z.boolean()], {
        error: 'one line of text, a number or a flag',
      }),
      { error: 'values by name' },
    )
    .default({})
    .describe('Values of your own for kickstarts: `role` is `${vars.role}` there.'),
})

const image = section({
  source: path.describe(
    'An OVA, an OVF with its disks beside it, a VMDK, a raw disk, an ISO or a folder. It is ' +
      'served as it stands, never copied.',
  ),
  title: lineValue.optional().describe('The line in the menu. Default: what the image says.'),
  args: lineValue
    .optional()
    .describe(
      'Kernel arguments instead of those that the image itself boots with; of a system that is ' +
        'known, beside its own.',
    ),
  kickstart: path
    .optional()
    .describe(
      'The unattended file of hosts that boot it, as its installer reads it: docs/systems/.',
    ),
  repository: z
    .string({ error: 'a URL' })
    .regex(/^(https?:\/\/|\$\{server\})[^\s&"'\\]+$/, {
      error:
        'a URL such as ${server}:5200/photon/5.0/photon_release_5.0_x86_64, without & and quotes',
    })
    .optional()
    .describe('Photon: where its packages are, if not in the image: docs/systems/photon.md.'),
})

const tinyvm = section({
  // Anything: what is wrong with it is said without showing it (config-checks.ts).
  password: z
    .unknown()
    .optional()
    .describe(
      'Hash of the password of `root` and `tc`, as `bootlace hash-password` prints it: `$6$…`. ' +
        'Default: each TinyVM makes one at each start and shows it on its console.',
    ),
})

const cache = section({
  directory: path.default('cache').describe('Where payloads are kept; may be deleted at any time.'),
  size: sizeValue.prefault('32GiB').describe('How much disk it may take.'),
  memory: sizeValue
    .prefault('512MiB')
    .describe('How much memory payloads up to 64 KiB may take that are asked for often.'),
  reserve: sizeValue
    .prefault('1GiB')
    .describe('How much stays free on its disk: while there is less, nothing new is stored.'),
  scrub: durationValue
    .prefault('7d')
    .describe('In which time all that is stored is compared with its checksum; `0s`: never.'),
})

/** Every section; each has a default, so an empty file is a configuration. */
export const sections = {
  interfaces: z
    .array(lineValue, { error: 'a list of names or patterns such as eth1 or tap*' })
    .optional()
    .describe(
      'Interfaces that are served, names or patterns (tap*): DHCP, TFTP, HTTP and the mirrors. ' +
        'Default: all that are up. HTTP always answers on loopback.',
    ),
  data: path.default('data').describe('Leases and machine state: keep it.'),
  dhcp: dhcp.prefault({}),
  tftp: section({
    enabled: z
      .boolean({ error: 'true or false' })
      .default(true)
      .describe('Whether TFTP is served at all.'),
    port: portValue.default(69).describe('UDP port; others only for tests.'),
  }).prefault({}),
  files: path
    .optional()
    .describe(
      'A folder of your own: at the root over TFTP and HTTP, and over HTTP under /files/, too.',
    ),
  http: section({
    port: portValue.default(80).describe('TCP port.'),
    tls: section({
      port: portValue.default(443).describe('TCP port.'),
      certificate: path.describe('PEM file with the certificate, and its chain behind it.'),
      key: path.describe('PEM file with its key, without a password.'),
    })
      .optional()
      .describe('HTTPS beside HTTP. Files that are renewed are read again without a restart.'),
  }).prefault({}),
  menu: menuSchema.prefault({}),
  hosts: z.array(host, { error: 'a list of hosts' }).default([]).describe('Machines you know.'),
  images: z
    .record(nameValue, image, { error: 'images by name' })
    .default({})
    .describe(
      'Images by name, which is their entry of the menu and their folder below `boot/`. What lies ' +
        'in `images/` is there without being named here.',
    ),
  mirrors: z
    .record(nameValue, mirrorSchema, { error: 'mirrors by name' })
    .default({})
    .describe('Caching reverse proxies by name; `autodeploy` is the one for vCenter Auto Deploy.'),
  tinyvm: tinyvm.prefault({}),
  cache: cache.prefault({}),
} as const

export const configSchema = section(sections)

/** A valid configuration. Paths are as written: relative to the folder that Bootlace runs in. */
export type Config = z.output<typeof configSchema>
