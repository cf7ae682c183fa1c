/** nginx as a caching reverse proxy before the origin of a benchmark, as a careful administrator writes it. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nginxMain } from './peers.ts'

/** Where it listens. */
export const cachePort = 5200

/** Writes its configuration into a folder and answers how it is started there. `http`: what that block has. */
export async function prepareNginx(
  command: readonly string[],
  folder: string,
  { workers, http }: { readonly workers: number; readonly http: string },
): Promise<readonly string[]> {
  await mkdir(join(folder, 'logs'), { recursive: true })
  await writeFile(join(folder, 'nginx.conf'), `${nginxMain(workers)}${http}}\n`)
  return [...command, '-p', `${folder}/`, '-c', 'nginx.conf', '-e', 'logs/error.log']
}

/** Connections to the origin are kept, one request at a time fetches an object, and it may take long. */
export function tunedCache({
  originPort,
  manner,
}: {
  readonly originPort: number
  readonly manner: string
}): string {
  return `
  keepalive_requests 1000000;
  proxy_cache_path cache levels=1:2 keys_zone=payloads:16m max_size=10g inactive=1d use_temp_path=off;
  upstream origin { server 127.0.0.1:${originPort}; keepalive 16; }
  server {
    listen 127.0.0.1:${cachePort};
    location /vmw/cache/ {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache payloads;
      proxy_cache_lock on;
      proxy_cache_lock_timeout 600s;
      proxy_cache_lock_age 600s;
      ${manner}
    }
  }
`
}

/** A `manner`: each file is one object. */
export const wholeFiles = 'proxy_cache_valid 200 1d;'
