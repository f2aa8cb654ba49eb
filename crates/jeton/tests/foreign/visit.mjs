// Between a client and whoever drives it: an address is printed, and a person goes there; the address that they come back with is read.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

export const settings = JSON.parse(readFileSync('settings.json', 'utf8'))

export function did(step) {
  console.log(`did ${step}`)
}

export function check(holds, what) {
  if (!holds) throw new Error(what)
}

export async function visit(address) {
  console.log(`open ${address}`)
  const lines = createInterface({ input: process.stdin })
  for await (const line of lines) {
    lines.close()
    return new URL(line)
  }
  throw new Error('nobody came back')
}
