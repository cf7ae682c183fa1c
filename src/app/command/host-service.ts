/**
 * Who takes orders to hosts: the service that runs here, through its API; where none does, the
 * machine database itself, from which a service reads what has changed.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { SystemError, codeOf } from '../../core/errors.ts'
import { allEntries } from '../../boot/menu/catalog.ts'
import { newSecret, readApiToken } from '../../io/store/api-token.ts'
import { openMachineStore } from '../../io/store/machine-store.ts'
import { HostOrders } from '../../server/boot/host-orders.ts'
import { Installs } from '../../server/boot/installs.ts'
import type { Config } from '../config/config-schema.ts'
import { bootNames, installKnowledge } from '../host-installs.ts'
import { siteOf } from '../site.ts'
import { namedImages } from './image-names.ts'

/** What the command shows of a host; the API tells more. */
const hostsAnswer = z.object({
  hosts: z.array(
    z.looseObject({ name: z.string(), mac: z.string(), text: z.string(), isTrouble: z.boolean() }),
  ),
})
const orderAnswer = z.object({ text: z.string() })

export type ListedHost = z.output<typeof hostsAnswer>['hosts'][number]

/** As of HTTP. */
export interface OrderAnswer {
  readonly status: number
  readonly text: string
}

export interface HostService extends Disposable {
  readonly list: () => Promise<readonly ListedHost[]>
  readonly arm: (name: string) => Promise<OrderAnswer>
  readonly disarm: (name: string) => Promise<OrderAnswer>
  readonly boot: (name: string, entry: string) => Promise<OrderAnswer>
  /** Nobody could look at answers. */
  readonly isOffline: boolean
}

/** Throws SystemError where neither can be used. */
export async function hostService(config: Config): Promise<HostService> {
  return (await running(config)) ?? stored(config)
}

/** Undefined where no Bootlace answers on this machine. */
async function running(config: Config): Promise<HostService | undefined> {
  const url = `http://127.0.0.1:${config.http.port}/api/hosts`
  const first = await ask(url)
  const known = first?.status === 200 ? hostsAnswer.safeParse(first.body) : undefined
  if (known?.success !== true) return undefined
  const order = async (path: string, body?: object) => {
    const token = readApiToken(tokenFile(config)) ?? ''
    const answer = await ask(`${url}/${path}`, { token, body })
    if (answer === undefined) throw new SystemError('the service has just stopped: try again')
    if (answer.status === 401) throw new SystemError(strangeToken(config))
    return { status: answer.status, text: orderAnswer.parse(answer.body).text }
  }
  return {
    list: () => Promise.resolve(known.data.hosts),
    arm: (name) => order(`${encodeURIComponent(name)}/arm`),
    disarm: (name) => order(`${encodeURIComponent(name)}/disarm`),
    boot: (name, entry) => order(`${encodeURIComponent(name)}/boot`, { entry }),
    isOffline: false,
    [Symbol.dispose]: () => undefined,
  }
}

function stored(config: Config): HostService {
  const store = openMachineStore(join(config.data, 'machines.db'))
  const { hosts, catalog } = siteOf(config)
  // Which systems are in images is not looked up: a kickstart says that one installs.
  const own = new Set(allEntries(catalog.entries).map(({ name }) => name))
  const known = installKnowledge(config, catalog)
  const canInstall = (entry: string) => !own.has(entry) || known.canInstall(entry)
  const about = { hasAnswers: known.hasAnswers, canInstall, emit: toNobody }
  const newToken = newSecret
  const installs = new Installs({ ...about, hosts, store, newToken, clock: Date.now })
  const entries = () => [...bootNames(catalog), ...namedImages(config).map(({ name }) => name)]
  const orders = new HostOrders({ ...about, installs, prove: unproven, entries })
  return {
    list: () => Promise.resolve(orders.list().map((host) => ({ ...host }))),
    arm: (name) => orders.arm(name),
    disarm: (name) => Promise.resolve(orders.disarm(name)),
    boot: (name, entry) => Promise.resolve(orders.boot(name, entry)),
    isOffline: true,
    [Symbol.dispose]: () => store.close(),
  }
}

function toNobody(): void {}

function unproven(): Promise<undefined> {
  return Promise.resolve(undefined)
}

function tokenFile({ data }: Config): string {
  return join(data, 'api-token')
}

function strangeToken(config: Config): string {
  return (
    `the Bootlace on port ${config.http.port} does not take the token in ${tokenFile(config)}: ` +
    'name the configuration that it runs with by --config'
  )
}

/** Milliseconds. */
const patience = 10_000

/** Undefined where nobody answers, or not in JSON. Orders are those with a token. */
async function ask(
  url: string,
  order?: { readonly token: string; readonly body: object | undefined },
): Promise<{ readonly status: number; readonly body: unknown } | undefined> {
  const body = order?.body === undefined ? undefined : JSON.stringify(order.body)
  try {
    const answer = await fetch(url, {
      method: order === undefined ? 'GET' : 'POST',
      headers: {
        ...(order === undefined ? {} : { authorization: `Bearer ${order.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(patience),
    })
    return { status: answer.status, body: await answer.json() }
  } catch (error) {
    const isNobody = error instanceof SyntaxError || codeOf(causeOf(error)) === 'ECONNREFUSED'
    if (isNobody) return undefined
    throw new SystemError(`${url} does not answer`, { cause: error })
  }
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined
}
