/**
 * Which keys of the store belong to one URL: its own and those of its variants. The number for one
 * URL is bounded, for a client can make up values of request fields without end.
 */
import { primaryKey } from '../../protocol/cache/variants.ts'

const mostPerUrl = 64

export class VariantKeys {
  /** By primary key, the oldest key first; only the key itself, as a rule. */
  readonly #keys = new Map<string, readonly string[]>()

  of(primary: string): readonly string[] {
    return this.#keys.get(primary) ?? []
  }

  /** Answers the key that has to go for it, if there are too many. */
  add(key: string): string | undefined {
    const primary = primaryKey(key)
    const keys = [...this.of(primary).filter((other) => other !== key), key]
    this.#keys.set(primary, keys)
    return keys.length > mostPerUrl ? keys[0] : undefined
  }

  delete(key: string): void {
    const primary = primaryKey(key)
    const rest = this.of(primary).filter((other) => other !== key)
    if (rest.length === 0) this.#keys.delete(primary)
    else this.#keys.set(primary, rest)
  }
}
