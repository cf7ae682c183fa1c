/**
 * The caches of the boot storm, each as its users run it: Bootlace with its profile, nginx by the
 * recipe that is published for Auto Deploy, nginx as a careful administrator tunes it, Varnish.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SystemError } from '../src/core/errors.ts'
import { hasProgram } from '../src/setup/commands.ts'
import { serveCommand } from './ours.ts'
import { cachePort, prepareNginx, tunedCache, wholeFiles } from './nginx-cache.ts'
import { findPeer, upstreamVersion } from './peers.ts'

export interface StormServer {
  readonly name: string
  readonly port: number
  /** Measured once only: it takes too long. */
  readonly isSlow: boolean
  /** Writes what it needs into an empty folder and answers how it is started. */
  readonly prepare: (folder: string) => Promise<readonly string[]>
}

const originPort = 8001
export const storm = { originPort, originUrl: `http://127.0.0.1:${originPort}` } as const

export async function stormServers(): Promise<readonly StormServer[]> {
  const nginx = await findPeer('nginx')
  const varnish = await findPeer('varnishd')
  const nginxName = `nginx ${upstreamVersion(nginx.version)}`
  const nginxServer = (name: string, locations: string) => ({
    name: `${nginxName}, ${name}`,
    port: cachePort,
    isSlow: name === 'recipe',
    prepare: (folder: string) =>
      prepareNginx(nginx.command, folder, { workers: 2, http: locations }),
  })
  return [
    { name: 'Bootlace', port: 5100, isSlow: false, prepare: prepareOurs },
    nginxServer('lock', tunedCache({ originPort, manner: wholeFiles })),
    nginxServer('slices', tunedCache({ originPort, manner: slices })),
    {
      name: `Varnish ${upstreamVersion(varnish.version)}`,
      port: 5300,
      isSlow: false,
      prepare: (folder) => prepareVarnish(varnish.command, folder),
    },
    nginxServer('recipe', recipe),
  ]
}

function prepareOurs(folder: string): Promise<readonly string[]> {
  return serveCommand(join(folder, 'storm.yaml'), {
    interfaces: ['lo'],
    data: join(folder, 'data'),
    cache: { directory: join(folder, 'cache') },
    dhcp: { mode: 'off' },
    tftp: { enabled: false },
    mirrors: { autodeploy: { origin: storm.originUrl, port: 5100 } },
  })
}

/**
 * The recipe for a container as it is published (E. Gray, 2017), without its TLS: everything that is
 * answered with 200 is kept for a day, in 1 GB, by HTTP/1.0 towards vCenter and without a lock.
 */
const recipe = `
  keepalive_timeout 65;
  proxy_cache_path cache levels=1:2 keys_zone=autodeploy:15m max_size=1g inactive=24h;
  server {
    listen 127.0.0.1:${cachePort};
    location / {
      proxy_pass ${storm.originUrl};
      proxy_cache autodeploy;
      proxy_cache_valid 200 1d;
      proxy_redirect off;
      proxy_set_header Host $host;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Host $server_name;
    }
  }
`

/** Large files in pieces: those who wait get the first piece before the last is there. */
const slices = `slice 8m;
      proxy_cache_key $uri$is_args$args$slice_range;
      proxy_set_header Range $slice_range;
      proxy_cache_valid 200 206 1d;`

async function prepareVarnish(
  command: readonly string[],
  folder: string,
): Promise<readonly string[]> {
  if (!hasProgram('gcc')) {
    throw new SystemError('Varnish compiles its configuration: apt-get install gcc libc6-dev')
  }
  const program = join(folder, 'storm.vcl')
  await writeFile(program, varnishProgram)
  const words = ['-F', '-j', 'none', '-n', join(folder, 'work'), '-a', '127.0.0.1:5300']
  return [...command, ...words, '-f', program, '-s', 'malloc,4g']
}

const varnishProgram = `vcl 4.1;
backend origin { .host = "127.0.0.1"; .port = "${originPort}"; }
sub vcl_backend_response { set beresp.ttl = 1d; }
`
