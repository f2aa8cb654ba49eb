// An application that uses oauth4webapi, and hands its requests in first (RFC 9126).
import * as oauth from 'oauth4webapi'
import { check, did, settings, visit } from './visit.mjs'

const { issuer, client_id, client_secret, redirect_uri, scope, audience } = settings
const client = { client_id }
const authentication = oauth.ClientSecretBasic(client_secret)

const identifier = new URL(issuer)
const server = await oauth.processDiscoveryResponse(identifier, await oauth.discoveryRequest(identifier))
const { issuer: told } = await oauth.processDiscoveryResponse(identifier, await oauth.discoveryRequest(identifier, { algorithm: 'oauth2' }))
check(told === server.issuer, 'both documents name one issuer')
did('discovery')

const verifier = oauth.generateRandomCodeVerifier()
const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
const asked = new URLSearchParams({
  client_id,
  redirect_uri,
  response_type: 'code',
  scope,
  state,
  nonce,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256'
})
const pushed = await oauth.processPushedAuthorizationResponse(
  server,
  client,
  await oauth.pushedAuthorizationRequest(server, client, authentication, asked)
)
did('par')

const address = new URL(server.authorization_endpoint)
address.search = new URLSearchParams({ client_id, request_uri: pushed.request_uri })
const callback = oauth.validateAuthResponse(server, client, await visit(address), state)
const answer = await oauth.authorizationCodeGrantRequest(server, client, authentication, callback, redirect_uri, verifier)
const signed = answer.clone()
const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, { expectedNonce: nonce, requireIdToken: true })
did('code')
await oauth.validateApplicationLevelSignature(server, answer)
check((await signed.json()).token_type === 'Bearer', 'it is for whoever bears it')
const { sub } = oauth.getValidatedIdTokenClaims(tokens)
did('id_token')

const person = await oauth.processUserInfoResponse(server, client, sub, await oauth.userInfoRequest(server, client, tokens.access_token))
check(person.preferred_username === 'ada', `it is ${person.preferred_username}`)
did('userinfo')

const request = new Request(`${audience}/`, { headers: { authorization: `Bearer ${tokens.access_token}` } })
const claims = await oauth.validateJwtAccessToken(server, request, audience)
check(claims.sub === sub && claims.client_id === client_id, 'an API knows who it is for')
did('access_token')

const refresh = (token) => oauth.refreshTokenGrantRequest(server, client, authentication, token)
const next = await oauth.processRefreshTokenResponse(server, client, await refresh(tokens.refresh_token))
check(next.refresh_token !== tokens.refresh_token, 'the refresh token is another')
did('refresh')

const introspect = async (token) =>
  oauth.processIntrospectionResponse(server, client, await oauth.introspectionRequest(server, client, authentication, token))
check((await introspect(next.access_token)).active, 'it is active')
did('introspect')

await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, authentication, next.refresh_token))
check(!(await introspect(next.access_token)).active, 'it is not active any more')
const refused = await refresh(next.refresh_token)
  .then((answer) => oauth.processRefreshTokenResponse(server, client, answer))
  .catch((error) => error.error)
check(refused === 'invalid_grant', `it was refused with ${refused}`)
did('revoke')
