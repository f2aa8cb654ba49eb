// oidc-provider with its adapter in memory: client credentials, opaque and JWT, and introspection. Prints its address.
import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

const secretKey = (kind, options, rest) => ({ ...generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" }), use: "sig", ...rest });

const formats = {
  "https://opaque.example": { accessTokenFormat: "opaque" },
  "https://es256.example": { accessTokenFormat: "jwt", jwt: { sign: { alg: "ES256" } } },
  "https://eddsa.example": { accessTokenFormat: "jwt", jwt: { sign: { alg: "Ed25519" } } },
};

const provider = new Provider("http://127.0.0.1", {
  clients: [
    {
      client_id: "bench",
      client_secret: process.env.PEER_SECRET,
      grant_types: ["client_credentials"],
      id_token_signed_response_alg: "ES256",
      redirect_uris: [],
      response_types: [],
    },
  ],
  jwks: { keys: [secretKey("ec", { namedCurve: "P-256" }, { alg: "ES256" }), secretKey("ed25519", {}, { alg: "Ed25519" })] },
  scopes: ["read"],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_ctx, resource) => ({ scope: "read", audience: resource, accessTokenTTL: 3600, ...formats[resource] }),
    },
  },
});

const server = provider.listen(0, "127.0.0.1", () => console.log(`127.0.0.1:${server.address().port}`));
