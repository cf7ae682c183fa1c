/**
 * The container's program: `bootlace COMMAND`, from what was compiled when the image was built; it
 * starts in half the time. A runtime with file capabilities does not heed NODE_COMPILE_CACHE.
 */
import { enableCompileCache } from 'node:module'

enableCompileCache(new URL('../compiled', import.meta.url).pathname)
await import('../src/main.ts')
