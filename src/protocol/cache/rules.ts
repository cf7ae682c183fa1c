/**
 * What a mirror may store, as data: an ordered table of path patterns per profile, the user's own
 * rows before it; the first row that matches decides. Refuses to know requests or answers:
 * `policy.ts` judges those.
 *
 * Sources: the published nginx recipe for Auto Deploy, VMware's "Auto Deploy Load Management Best
 * Practice" (cache static content, pass requests through); the layout that createrepo_c gives an
 * RPM repository; the Debian wiki's DebianRepository/Format. The payload paths of vCenter are not
 * documented, which is why they are rows and not code.
 */

export interface Rule {
  /** `*` is anything within one segment, `**` anything at all, `{hash}` 32 to 128 hex digits. */
  readonly path: string
  /**
   * `store`: the same for everybody, whatever its header says of time; `headers`: as the origin's
   * header says (RFC 9111); `pass`: never stored.
   */
  readonly action: 'store' | 'headers' | 'pass'
  /** Of `store`: seconds until the origin is asked whether it has changed; default: never. */
  readonly lifetime?: number | undefined
  /**
   * `pass`: what has a query is not stored (default of `store`); `key`: each query is an object of
   * its own (default of `headers`); `ignore`: the query is cut off, also towards the origin.
   */
  readonly query?: 'pass' | 'key' | 'ignore' | undefined
  /** Of an RPM repository: an `index` names the members of its generation. */
  readonly role?: 'index' | 'member' | undefined
  /** Why, for the log and the page. */
  readonly reason?: string | undefined
}

const profiles = {
  /** vSphere Auto Deploy: modules by hash path are the same for everybody, all else is one host's. */
  autodeploy: [
    { path: '/vmw/cache/**', action: 'store', reason: 'payload, named by its hash' },
    { path: '**', action: 'pass', reason: 'no rule stores this path' },
  ],
  /** What dnf, tdnf and yum read: names with a checksum or a version never change what they mean. */
  'rpm-repository': [
    {
      path: '**/repodata/repomd.xml',
      action: 'store',
      lifetime: 0,
      role: 'index',
      reason: 'names the metadata of its generation',
    },
    {
      path: '**/repodata/{hash}-*',
      action: 'store',
      role: 'member',
      reason: 'metadata, named by its checksum',
    },
    {
      path: '**/repodata/**',
      action: 'store',
      lifetime: 0,
      role: 'member',
      reason: 'metadata of the generation that repomd.xml names',
    },
    { path: '**.rpm', action: 'store', reason: 'package, named by its version' },
    { path: '**.drpm', action: 'store', reason: 'package, named by its version' },
    { path: '**', action: 'headers', reason: "as the origin's header says" },
  ],
  /** What apt and Debian's installer read; `by-hash` is asked for where the archive offers it. */
  'debian-archive': [
    { path: '**/by-hash/**', action: 'store', reason: 'index, named by its checksum' },
    { path: '**/pool/**', action: 'store', reason: 'package, named by its version' },
    {
      path: '**/dists/**',
      action: 'store',
      lifetime: 0,
      reason: 'index of the archive as it is now',
    },
    { path: '**', action: 'headers', reason: "as the origin's header says" },
  ],
  /** Any HTTP origin, by RFC 9111. */
  generic: [{ path: '**', action: 'headers', reason: "as the origin's header says" }],
} as const satisfies Record<string, readonly Rule[]>

export type ProfileName = keyof typeof profiles

export const profileNames = ['autodeploy', 'rpm-repository', 'debian-archive', 'generic'] as const

/** Rows before those of the user: a rule of his that is too wide must not let out a secret. */
const guards: Readonly<Record<ProfileName, readonly Rule[]>> = {
  autodeploy: [
    { path: '**boot.cfg**', action: 'pass', reason: 'boot.cfg is written for one host' },
    { path: '**.cfg**', action: 'pass', reason: 'configuration is written for one host' },
    { path: '**waiter.tgz**', action: 'pass', reason: 'waiter.tgz holds secrets of one host' },
    { path: '/vmw/rbd**', action: 'pass', reason: 'written for one host' },
  ],
  'rpm-repository': [],
  'debian-archive': [],
  generic: [],
}

/** The table of one mirror. */
export function rulesOf(profile: ProfileName, own: readonly Rule[] = []): readonly Rule[] {
  return [...guards[profile], ...own, ...profiles[profile]]
}

const compiled = new WeakMap<Rule, RegExp>()

/** The first rule whose pattern is the whole path. */
export function ruleFor(path: string, rules: readonly Rule[]): Rule | undefined {
  return rules.find((rule) => patternOf(rule).test(path))
}

/** Whether a pattern as in rules is the whole path. */
export function matchesGlob(path: string, glob: string): boolean {
  return new RegExp(`^${expression(glob)}$`).test(path)
}

/** What must not be stored is recognised in any case of letters; what may be, only as written. */
function patternOf(rule: Rule): RegExp {
  const known = compiled.get(rule)
  if (known !== undefined) return known
  const flags = rule.action === 'pass' ? 'i' : ''
  // Open ends are left open: `.*` there would walk through the path for nothing.
  const pattern = new RegExp(
    `^${expression(rule.path)}$`.replace(/^\^\.\*/, '').replace(/\.\*\$$/, ''),
    flags,
  )
  compiled.set(rule, pattern)
  return pattern
}

const wildcards: Readonly<Record<string, string>> = {
  '*': '[^/]*',
  '**': '.*',
  '{hash}': '[0-9a-f]{32,128}',
}

function expression(glob: string): string {
  return glob
    .split(/(\*+|\{hash\})/)
    .map((part) => wildcards[part] ?? part.replaceAll(/[^\w/-]/g, '\\$&'))
    .join('')
}
