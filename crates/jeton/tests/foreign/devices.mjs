// A program on a device without a browser (RFC 8628), and an application that hands its requests in first (RFC 9126), by openid-client.
import * as client from 'openid-client'
import { check, did, settings, visit } from './visit.mjs'

const { issuer, client_id, client_secret, redirect_uri, scope, device } = settings

const television = await client.discovery(new URL(issuer), device, undefined, client.None())
client.enableNonRepudiationChecks(television)
const shown = await client.initiateDeviceAuthorization(television, { scope: 'openid offline_access orders:read' })
check(/^[B-Z]{4}-[B-Z]{4}$/.test(shown.user_code) && shown.verification_uri === `${issuer}/device`, JSON.stringify(shown))
did('device_authorization')
const { pathname } = await visit(shown.verification_uri_complete)
check(pathname === '/device', `they were led to ${pathname}`)
const tokens = await client.pollDeviceAuthorizationGrant(television, shown)
check(tokens.claims().sub && tokens.scope.split(' ').includes('orders:read'), `it may ${tokens.scope}`)
did('device_code')
const next = await client.refreshTokenGrant(television, tokens.refresh_token)
check(next.access_token !== tokens.access_token, 'it goes on')
did('refresh')

const shop = await client.discovery(new URL(issuer), client_id, undefined, client.ClientSecretBasic(client_secret))
const pkceCodeVerifier = client.randomPKCECodeVerifier()
const expectedState = client.randomState()
const address = await client.buildAuthorizationUrlWithPAR(shop, {
  redirect_uri,
  scope,
  state: expectedState,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256'
})
check(address.searchParams.has('request_uri') && !address.searchParams.has('scope'), `it says ${address}`)
did('par')
await client.authorizationCodeGrant(shop, await visit(address), { pkceCodeVerifier, expectedState, idTokenExpected: true })
did('code')
