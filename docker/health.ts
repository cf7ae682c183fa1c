/**
 * The container's health check: asks the service that runs beside it, on the port that its
 * configuration says, for /healthz. Ends with 0 when the answer is 200, else with 1.
 */
import { enableCompileCache } from 'node:module'

enableCompileCache(new URL('../compiled', import.meta.url).pathname)
const { loadConfig } = await import('../src/app/config/config.ts')
const { http } = loadConfig({ environment: process.env })
const { status } = await fetch(`http://127.0.0.1:${http.port}/healthz`)
process.exitCode = status === 200 ? 0 : 1
