/** Answers as they may be shown: without passwords, hashes and what else is a secret by its name. */
import type { Variables } from './template-reference.ts'

export const hidden = '(hidden)'
/** Variables whose values are secrets, by what they are called. */
const secretName = /pass|secret|token|hash|private/i
/** Hashes of passwords: `$6$…`. */
const hash = /\$\w{1,6}\$[^\s'"<&]{20,}/g

/** `password: x`, `rootpw x`, `d-i passwd/root-password password x`, `<user_password>x<`, `token: x`. */
const named: readonly RegExp[] = [
  /^(\s*(?:d-i\s+)?passwd\/\S*password\S*\s+\S+\s+)(\S.*)$/gim,
  /^(\s*rootpw(?:\s+--\S+)*\s+)(\S+)/gim,
  /^(.*\s--password=)(\S+)/gim,
  /(<[\w:]*password>)([^<]+)/gim,
  /^(.*?["']?\b[\w-]*(?:password|passwd|passphrase|secret|token)[\w-]*["']?\s*:\s*)([^\s{[].*?)(,?)$/gim,
]

/** Values of variables, hashes, and what stands where a password does. */
export function hideInText(text: string, variables: Variables): string {
  return named.reduce(
    (rest, pattern) => rest.replaceAll(pattern, hideOne),
    hideVariables(text, variables),
  )
}

/** Values of variables, also as JSON and YAML write them in quotes, and hashes alone. */
export function hideVariables(text: string, variables: Variables): string {
  const secrets = [...variables]
    .filter(([name, value]) => secretName.test(name) && String(value).length > 3)
    .flatMap(([, value]) => [String(value), JSON.stringify(String(value)).slice(1, -1)])
  return secrets
    .reduce((rest, secret) => rest.replaceAll(secret, hidden), text)
    .replaceAll(hash, hidden)
}

/** Flags and marks of a locked account are no secrets. */
function hideOne(whole: string, before: string, value: string, after: unknown): string {
  if (/^["']?(?:[*!]|true|false|no|yes)["']?$/.test(value)) return whole
  return `${before}${hidden}${typeof after === 'string' ? after : ''}`
}
