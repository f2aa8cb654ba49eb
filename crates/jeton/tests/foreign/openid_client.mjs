// An application that uses openid-client.
import * as client from 'openid-client'
import { check, did, settings, visit } from './visit.mjs'

const { issuer, client_id, client_secret, redirect_uri, scope } = settings

const config = await client.discovery(new URL(issuer), client_id, undefined, client.ClientSecretBasic(client_secret))
// The signature of an ID token is checked too, although it came over TLS.
client.enableNonRepudiationChecks(config)
did('discovery')

const pkceCodeVerifier = client.randomPKCECodeVerifier()
const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()]
const address = client.buildAuthorizationUrl(config, {
  redirect_uri,
  scope,
  state: expectedState,
  nonce: expectedNonce,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256'
})
const back = await visit(address)
const tokens = await client.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true })
did('code')
check(tokens.claims().auth_time > 0 && tokens.claims().nonce === expectedNonce, 'the ID token says when and for whom')
did('id_token')

const person = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
check(person.preferred_username === 'ada', `it is ${person.preferred_username}`)
did('userinfo')

const next = await client.refreshTokenGrant(config, tokens.refresh_token)
check(next.refresh_token !== tokens.refresh_token && next.access_token !== tokens.access_token, 'both are new')
did('refresh')

const about = await client.tokenIntrospection(config, next.access_token)
check(about.active && about.sub === tokens.claims().sub, 'it is active')
did('introspect')

await client.tokenRevocation(config, next.refresh_token)
check(!(await client.tokenIntrospection(config, next.access_token)).active, 'it is not active any more')
const refused = await client.refreshTokenGrant(config, next.refresh_token).catch((error) => error.error)
check(refused === 'invalid_grant', `it was refused with ${refused}`)
did('revoke')
