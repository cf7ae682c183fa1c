/**
 * The configuration while we serve: its file is read again when it has changed. For what may follow
 * without a restart, and asks each time; everything else stays as it was at the start.
 */
import { stampOf } from '../../io/net/certificate-files.ts'
import { messageOf } from '../../core/errors.ts'
import { type ConfigSources, configFile, loadConfig } from './config.ts'
import type { Config } from './config-schema.ts'

/** What it is now. A file that is wrong changes nothing; `hint` is told why, once for each state. */
export type LiveConfig = (hint: (reason: string) => void) => Config

export function liveConfig(sources: ConfigSources, first: Config): LiveConfig {
  const file = configFile(sources)
  if (file === undefined) return () => first
  let [current, seen] = [first, stateOf(file)]
  return (hint) => {
    const state = stateOf(file)
    if (state === seen) return current
    seen = state
    try {
      current = loadConfig(sources)
    } catch (error) {
      hint(`the configuration has changed, and is not taken: ${messageOf(error)}`)
    }
    return current
  }
}

/** A file that is being replaced may be gone for a moment: that is a state, too. */
function stateOf(file: string): string {
  try {
    return stampOf(file)
  } catch {
    return 'gone'
  }
}
