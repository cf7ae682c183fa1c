/**
 * What a mirror may store, as data: an ordered table of path patterns per profile; the first row
 * that matches decides. Refuses to know requests or answers: `policy.ts` judges those.
 *
 * Sources: the published nginx recipe for Auto Deploy, VMware's "Auto Deploy Load Management Best
 * Practice" (cache static content, pass requests through). The payload paths of vCenter are not
 * documented, which is why they are rows and not code.
 */

export interface Rule {
  /** `*` is anything within one segment, `**` anything at all; the rest is literal. */
  readonly path: string
  readonly action: 'store' | 'pass'
  /** Why, for the log and the page. */
  readonly reason: string
}

export const profiles = {
  /** vSphere Auto Deploy: modules by hash path are the same for everybody, all else is one host's. */
  autodeploy: [
    { path: '**/boot.cfg', action: 'pass', reason: 'boot.cfg is written for one host' },
    { path: '**.cfg', action: 'pass', reason: 'configuration is written for one host' },
    { path: '**/waiter.tgz', action: 'pass', reason: 'waiter.tgz holds secrets of one host' },
    { path: '/vmw/cache/**', action: 'store', reason: 'payload, named by its hash' },
    { path: '**', action: 'pass', reason: 'no rule stores this path' },
  ],
} as const satisfies Record<string, readonly Rule[]>

export type ProfileName = keyof typeof profiles

const compiled = new Map<string, RegExp>()

/** The first rule whose pattern is the whole path. */
export function ruleFor(path: string, rules: readonly Rule[]): Rule | undefined {
  return rules.find((rule) => matches(rule, path))
}

/** What must not be stored is recognised in any case of letters; what may be, only as written. */
function matches(rule: Rule, path: string): boolean {
  const flags = rule.action === 'pass' ? 'i' : ''
  const known = `${flags} ${rule.path}`
  const pattern = compiled.get(known) ?? new RegExp(`^${expression(rule.path)}$`, flags)
  compiled.set(known, pattern)
  return pattern.test(path)
}

function expression(glob: string): string {
  return glob
    .split(/(\*+)/)
    .map((part) =>
      part.startsWith('**') ? '.*' : part === '*' ? '[^/]*' : part.replaceAll(/[^\w/-]/g, '\\$&'),
    )
    .join('')
}
