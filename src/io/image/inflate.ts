/** Unpacking with a limit, off the main thread: what grows beyond the limit is refused. */
import { promisify } from 'node:util'
import { gunzip, inflate as zlibInflate } from 'node:zlib'
import type { Inflate } from '../../wire/disk/vmdk.ts'

const inflating = promisify(zlibInflate)
const gunzipping = promisify(gunzip)

/** zlib data (RFC 1950). Rejects where it is damaged or larger than `limit` octets. */
export const inflate: Inflate = (octets, limit) => inflating(octets, { maxOutputLength: limit })

/** gzip data (RFC 1952), as `inflate`. */
export const unzip: Inflate = (octets, limit) => gunzipping(octets, { maxOutputLength: limit })
