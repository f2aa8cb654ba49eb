// better-auth with its plugin for API keys and its adapter in memory. Writes a key to key.txt, and prints its address.
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { apiKey } from "@better-auth/api-key";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";

const auth = betterAuth({
  baseURL: "http://127.0.0.1",
  secret: process.env.PEER_SECRET.padEnd(32, "."),
  database: memoryAdapter({ user: [], session: [], account: [], verification: [], apikey: [] }),
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: "error" },
  plugins: [apiKey({ rateLimit: { enabled: false } })],
});

const { user } = await auth.api.signUpEmail({ body: { email: "bench@example.com", password: process.env.PEER_SECRET, name: "bench" } });
const { key } = await auth.api.createApiKey({ body: { userId: user.id, name: "bench" } });
writeFileSync("key.txt", key);

const server = createServer((request, response) => {
  let text = "";
  request.on("data", (part) => (text += part));
  request.on("end", async () => {
    const { valid } = await auth.api.verifyApiKey({ body: { key: JSON.parse(text).key } });
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ valid }));
  });
});
server.listen(0, "127.0.0.1", () => console.log(`127.0.0.1:${server.address().port}`));
