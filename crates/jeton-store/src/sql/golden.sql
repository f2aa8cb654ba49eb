CREATE TABLE "client" ("id" TEXT NOT NULL, "name" TEXT NOT NULL, "owner" TEXT, "size" INTEGER NOT NULL, "row_version" INTEGER NOT NULL, "row_checksum" INTEGER NOT NULL, PRIMARY KEY ("id")) STRICT, WITHOUT ROWID
CREATE TABLE "token_7" ("id" BLOB NOT NULL, "client" TEXT NOT NULL, "expires_at" INTEGER NOT NULL, "row_version" INTEGER NOT NULL, "row_checksum" INTEGER NOT NULL, PRIMARY KEY ("id")) STRICT, WITHOUT ROWID
INSERT INTO "client" ("id", "name", "owner", "size", "row_version", "row_checksum") VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT ("id") DO UPDATE SET "name" = excluded."name", "owner" = excluded."owner", "size" = excluded."size", "row_version" = excluded."row_version", "row_checksum" = excluded."row_checksum"
INSERT INTO "negative_1" ("kind", "id", "until", "row_version", "row_checksum") VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT ("kind", "id") DO UPDATE SET "until" = excluded."until", "row_version" = excluded."row_version", "row_checksum" = excluded."row_checksum"
INSERT INTO "token_7" ("id", "client", "expires_at", "row_version", "row_checksum") VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING
SELECT "kind", "id", "until", "row_version", "row_checksum" FROM "negative_1" WHERE "kind" = ?1 AND "id" = ?2
SELECT "row_version" FROM "client" WHERE "id" = ?1
DELETE FROM "client" WHERE "id" = ?1
SELECT "id", "client", "expires_at", "row_version", "row_checksum" FROM "token_7" ORDER BY "id"
SELECT "kind", "id" FROM "negative_1" ORDER BY "kind", "id" LIMIT 1 OFFSET ?1
DELETE FROM "negative_1" WHERE ("kind", "id") < (?1, ?2)
SELECT "at", "who", "kind", "count", "packed", "row_version", "row_checksum" FROM "count_4" WHERE 1 ORDER BY "at", "who", "kind" LIMIT ?1
SELECT "at", "who", "kind", "count", "packed", "row_version", "row_checksum" FROM "count_4" WHERE "at" = ?1 AND "who" = ?2 ORDER BY "at", "who", "kind" LIMIT ?3
ALTER TABLE "client" ADD COLUMN "note" TEXT
SELECT "kind", "id", "until", "row_version", "row_checksum" FROM "negative_1" WHERE ("kind", "id") < (?1, ?2) ORDER BY "kind" DESC, "id" DESC LIMIT 1
SELECT "kind", "id", "until", "row_version", "row_checksum" FROM "negative_1" WHERE ("kind", "id") > (?1, ?2) ORDER BY "kind", "id" LIMIT 1
CREATE UNIQUE INDEX "client_by_name" ON "client" ("name")
SELECT "id", "name", "owner", "size", "row_version", "row_checksum" FROM "client" WHERE 1 AND "name" >= ?1 AND ("name" > ?1 OR "name" IS ?1 AND "id" > ?2) ORDER BY "name", "id" LIMIT ?3
SELECT "id", "name", "owner", "size", "row_version", "row_checksum" FROM "client" WHERE "name" IS ?1 AND ("id" > ?2) ORDER BY "name", "id" LIMIT ?3
SELECT "id", "name", "owner", "size", "row_version", "row_checksum" FROM "client" WHERE "name" IS ?1 ORDER BY "name", "id" LIMIT ?2
SELECT "id", "row_version" FROM "client" WHERE "name" IS ?1 ORDER BY "name", "id" LIMIT ?2
CREATE INDEX "client_by_owner" ON "client" ("owner", "size")
SELECT "id", "name", "owner", "size", "row_version", "row_checksum" FROM "client" WHERE 1 AND (("owner" > ?1 OR (?1 IS NULL AND "owner" IS NOT NULL)) OR "owner" IS ?1 AND "size" > ?2 OR "owner" IS ?1 AND "size" IS ?2 AND "id" > ?3) ORDER BY "owner", "size", "id" LIMIT ?4
SELECT "id", "name", "owner", "size", "row_version", "row_checksum" FROM "client" WHERE "owner" IS ?1 AND "size" >= ?2 AND ("size" > ?2 OR "size" IS ?2 AND "id" > ?3) ORDER BY "owner", "size", "id" LIMIT ?4
SELECT "id", "name", "owner", "size", "row_version", "row_checksum" FROM "client" WHERE "owner" IS ?1 AND "size" IS ?2 AND ("id" > ?3) ORDER BY "owner", "size", "id" LIMIT ?4
SELECT "id", "name", "owner", "size", "row_version", "row_checksum" FROM "client" WHERE "owner" IS ?1 ORDER BY "owner", "size", "id" LIMIT ?2
SELECT "id", "row_version" FROM "client" WHERE "owner" IS ?1 ORDER BY "owner", "size", "id" LIMIT ?2
SELECT "id", "name", "owner", "size", "row_version", "row_checksum" FROM "client" WHERE 1 ORDER BY "id" LIMIT ?1
SELECT "id", "name", "owner", "size", "row_version", "row_checksum" FROM "client" WHERE "id" < ?1 ORDER BY "id" DESC LIMIT ?2
SELECT "id", "name", "owner", "size", "row_version", "row_checksum" FROM "client" WHERE "owner" IS ?1 AND "size" < ?2 AND ("size", "id") > (?3, ?4) ORDER BY "size", "id" LIMIT ?5
SELECT "id", "name", "owner", "size", "row_version", "row_checksum" FROM "client" WHERE "owner" IS ?1 AND "size" >= ?2 AND "size" < ?3 ORDER BY "size", "id" LIMIT ?4
