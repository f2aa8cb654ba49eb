"""An application that uses Authlib."""

import json
import sys

from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

with open("settings.json") as file:
    settings = json.load(file)
issuer, redirect_uri = settings["issuer"], settings["redirect_uri"]


def did(step):
    print("did", step, flush=True)


session = OAuth2Session(
    settings["client_id"],
    settings["client_secret"],
    scope=settings["scope"],
    redirect_uri=redirect_uri,
    code_challenge_method="S256",
)
server = session.get(f"{issuer}/.well-known/openid-configuration", withhold_token=True).json()
assert server["issuer"] == issuer, server
did("discovery")

verifier, nonce = generate_token(48), generate_token()
address, state = session.create_authorization_url(server["authorization_endpoint"], code_verifier=verifier, nonce=nonce)
print("open", address, flush=True)
back = sys.stdin.readline().strip()
token = session.fetch_token(server["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier)
did("code")

keys = KeySet.import_key_set(session.get(server["jwks_uri"], withhold_token=True).json())
claims = jwt.decode(token["id_token"], keys, algorithms=server["id_token_signing_alg_values_supported"]).claims
jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": issuer},
    aud={"essential": True, "value": settings["client_id"]},
    nonce={"essential": True, "value": nonce},
    exp={"essential": True},
).validate(claims)
did("id_token")

person = session.get(server["userinfo_endpoint"]).json()
assert person["sub"] == claims["sub"] and person["preferred_username"] == "ada", person
did("userinfo")

refreshed = session.refresh_token(server["token_endpoint"], refresh_token=token["refresh_token"])
assert refreshed["refresh_token"] != token["refresh_token"]
did("refresh")


def is_active():
    return session.introspect_token(server["introspection_endpoint"], token=refreshed["access_token"]).json()["active"]


assert is_active()
did("introspect")

revoked = session.revoke_token(server["revocation_endpoint"], token=refreshed["refresh_token"])
assert revoked.status_code == 200 and not is_active()
try:
    session.refresh_token(server["token_endpoint"], refresh_token=refreshed["refresh_token"])
    raise AssertionError("it was refreshed")
except OAuthError as error:
    assert error.error == "invalid_grant", error
did("revoke")
