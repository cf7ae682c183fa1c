/**
 * The configuration's schema, in this one place: what each key means, what it takes and its
 * default. `docs/configuration.md` is generated from it, and problems are explained by it.
 */
import { z } from 'zod'
import { loaders } from '../boot/host.ts'
import { profileNames } from '../protocol/cache/rules.ts'
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
  urlValue,
} from './config-values.ts'
import { menuSchema } from './menu-schema.ts'

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
    .describe('Its kickstart, instead of that of the image: docs/kickstart-photon.md.'),
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

const trust = z
  .union(
    [
      section({ ca: path }),
      section({
        fingerprint: z
          .string()
          .regex(/^(sha256:([0-9a-f]{2}:?){31}|sha1:([0-9a-f]{2}:?){19})[0-9a-f]{2}$/i, {
            error: 'sha256: and 32 pairs of hex digits, or sha1: and 20',
          }),
      }),
      section({ insecure: z.literal(true) }),
    ],
    { error: '{ ca: FILE }, { fingerprint: "sha256:…" } or { insecure: true }' },
  )
  .optional()

const mirrorRule = section({
  path: z
    .string({ error: 'a pattern such as /depot/**' })
    .regex(/^(?:\/|\*\*)[^\s?#]*$/, { error: 'a pattern such as /depot/** or **.rpm' })
    .describe('`*` is anything in one part, `**` anything, `{hash}` 32 to 128 hex digits.'),
  action: z
    .enum(['store', 'headers', 'pass'], { error: 'store, headers or pass' })
    .describe(
      "`store`: the same for everybody; `headers`: as the origin's header says; `pass`: never stored.",
    ),
  lifetime: durationValue
    .optional()
    .describe('Of `store`: after how long the origin is asked again. Default: never.'),
  query: z
    .enum(['pass', 'key', 'ignore'], { error: 'pass, key or ignore' })
    .optional()
    .describe(
      'With a query: `pass` (default of `store`), `key`: one object each (default of ' +
        '`headers`), `ignore`: cut it off.',
    ),
})

const mirror = section({
  origin: urlValue.describe('Where the originals are, e.g. https://vcsa.lab.example:6501.'),
  port: portValue.default(5100).describe('TCP port of the mirror.'),
  trust: trust.describe(
    'How the origin proves itself: `{ ca: vmca.pem }`, `{ fingerprint: "sha256:…" }` or ' +
      '`{ insecure: true }`. Default: the certificate of the first connection is remembered ' +
      'in the data folder and demanded from then on.',
  ),
  servername: lineValue.optional().describe('Name in the certificate, if not that of the URL.'),
  hostHeader: z
    .enum(['client', 'client-no-port', 'upstream'], {
      error: 'client, client-no-port or upstream',
    })
    .optional()
    .describe(
      'Which `Host` the origin sees on requests that are passed. Default: `client-no-port` for ' +
        'the profile `autodeploy`, else `upstream`.',
    ),
  profile: z
    .enum(profileNames, { error: profileNames.join(', ') })
    .default('autodeploy')
    .describe(
      'Which paths may be stored: `autodeploy`, `rpm-repository`, or `generic` (by the ' +
        "origin's header).",
    ),
  rules: z
    .array(mirrorRule, { error: 'a list of rules' })
    .default([])
    .describe('Your own, before those of the profile; the first whose path matches decides.'),
  size: sizeValue
    .optional()
    .describe('How much of `cache.size` it may take. Default: all of it, with the others.'),
  observe: z
    .boolean({ error: 'true or false' })
    .default(false)
    .describe('Whether the log proposes rules for what several hosts got the same.'),
})

const image = section({
  source: path.describe(
    'An OVA, an OVF with its disks beside it, a VMDK, a raw disk, an ISO or a folder. It is ' +
      'served as it stands, never copied.',
  ),
  title: lineValue.optional().describe('The line in the menu. Default: what the image says.'),
  args: lineValue
    .optional()
    .describe('Kernel arguments instead of those that the image itself boots with.'),
  kickstart: path
    .optional()
    .describe('The kickstart of hosts that boot it: docs/kickstart-photon.md.'),
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
  http: section({ port: portValue.default(80).describe('TCP port.') }).prefault({}),
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
    .record(nameValue, mirror, { error: 'mirrors by name' })
    .default({})
    .describe('Caching reverse proxies by name; `autodeploy` is the one for vCenter Auto Deploy.'),
  tinyvm: tinyvm.prefault({}),
  cache: cache.prefault({}),
} as const

export const configSchema = section(sections)

/** A valid configuration. Paths are as written: relative to the folder that Bootlace runs in. */
export type Config = z.output<typeof configSchema>
