// Reads the newest snapshot of a folder by docs/backup-format.md and docs/ledger.md alone: age as its author wrote it, the program zstd, and
// what node knows of hashes. Nothing of Jeton runs here.
//
//     node read.mjs FOLDER IDENTITY EPOCH:SECRET    (the secret in hexadecimal)
import { spawnSync } from "node:child_process";
import { createHash, createHmac, hkdfSync } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { Decrypter } from "age-encryption";

const [folder, identity, root] = process.argv.slice(2);
const [epoch, secret] = root.split(":");
const key = Buffer.from(hkdfSync("sha256", Buffer.from(secret, "hex"), "", "jeton/1/backup", 32));
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const insist = (holds, words) => {
  if (!holds) throw new Error(words);
};

// An object's lines, and what its first says of it.
async function open(name, kind, proof) {
  const sealed = readFileSync(`${folder}/${name}`);
  insist(!proof || (sha256(sealed).toString("hex") === proof.sha256 && sealed.length === proof.bytes), `${name} is not what the manifest names`);
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const packed = await decrypter.decrypt(sealed);
  const unpacked = spawnSync("zstd", ["-d", "-q"], { input: packed, maxBuffer: 1 << 30 });
  insist(unpacked.status === 0, `${name}: ${unpacked.stderr}`);
  const end = unpacked.stdout.lastIndexOf("\n", unpacked.stdout.length - 2) + 1;
  const before = unpacked.stdout.subarray(0, end);
  const last = JSON.parse(unpacked.stdout.subarray(end));
  const lines = before.toString().split("\n").slice(0, -1);
  const digest = sha256(before);
  insist(last.end.lines === lines.length && last.end.sha256 === digest.toString("hex"), `${name} is not whole`);
  const mac = createHmac("sha256", key).update(`jeton-backup/1\0${name}\0`).update(digest).digest("hex");
  insist(last.epoch === Number(epoch) && last.mac === mac, `${name} is not of this root key`);
  const first = JSON.parse(lines[0]);
  insist(first.jeton_backup === 1 && first.kind === kind && first.name === name, `${name} says that it is another`);
  return lines.slice(1);
}

const number = (value, bytes) => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(BigInt(value));
  return buffer.subarray(8 - bytes);
};

// A leaf of the ledger; what the entry says must be what it is committed to.
function leaf(line, entry) {
  const commitment = Buffer.from(entry.commitment, "hex");
  if (entry.salt !== undefined) {
    insist(sha256(Buffer.from(entry.salt, "hex"), entry.payload).equals(commitment), `entry ${entry.entry} says something else`);
  }
  const time = line.match(/"time":(\d+)/)[1];
  const kind = Buffer.from(entry.kind);
  return sha256(Buffer.from([0, 1]), number(entry.entry, 8), number(time, 8), number(kind.length, 2), kind, commitment);
}

// The Merkle root of RFC 6962.
function rootOf(leaves) {
  if (leaves.length === 1) return leaves[0];
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha256(Buffer.from([1]), rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)));
}

const snapshot = readdirSync(`${folder}/snapshots`).sort().pop();
const [manifest, files] = (await open(`snapshots/${snapshot}/manifest.age`, "manifest")).map((line) => JSON.parse(line));
const [rows, leaves] = [[], []];
for (const part of manifest.parts) {
  for (const line of await open(part.name, "part", part)) {
    const value = JSON.parse(line);
    if ("row" in value) rows.push(line);
    if ("entry" in value) {
      insist(value.entry === leaves.length, `entry ${leaves.length} is missing`);
      leaves.push(leaf(line, value));
    }
  }
}
insist(leaves.length === manifest.head.size, "the ledger ends elsewhere");
insist(rootOf(leaves).toString("hex") === manifest.head.root, "the ledger is another");
const found = {};
for (const file of files.files) {
  let content = Buffer.alloc(0);
  for (const part of file.parts) {
    const lines = await open(part.name, "file", part);
    const bytes = part.base64 ? Buffer.concat(lines.map((line) => Buffer.from(line, "base64"))) : Buffer.from(lines.map((line) => `${line}\n`).join(""));
    content = Buffer.concat([content, bytes]);
  }
  found[file.path] = content.subarray(0, file.bytes).toString("base64");
}
process.stdout.write(JSON.stringify({ rows, entries: leaves.length, files: found }));
