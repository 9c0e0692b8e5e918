PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    run TEXT NOT NULL,
    plan TEXT NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    customer TEXT,
    action TEXT,
    request_id TEXT,
    body TEXT NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO "events" VALUES(1,'r1','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','2026-11-22T12:00:00Z','run-started',NULL,NULL,NULL,'{"digest":"d","planMadeBy":"0.4"}','','20d084970204a6633b70fca3c67175adae988e93fc052c365083c4947835bcbc');
INSERT INTO "events" VALUES(2,'r1','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','2026-11-22T12:00:00Z','customer-started','6b2e0b0c-0000-4000-8000-000000000011',NULL,NULL,'{"name":"Käse € 😀"}','20d084970204a6633b70fca3c67175adae988e93fc052c365083c4947835bcbc','2d2e8fce79a642549643be1f3cba0e0a5c7cff3767403cc3172003cf67580763');
INSERT INTO "events" VALUES(3,'r1','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','2026-11-22T12:00:00Z','intent','6b2e0b0c-0000-4000-8000-000000000011','0123456789ab','q1','{"keeps":null,"kind":"cancel-subscription"}','2d2e8fce79a642549643be1f3cba0e0a5c7cff3767403cc3172003cf67580763','d69c4d9b929188e24ccd009f6a833a614184b56fdcb0fd51526ec2c1ecc5a703');
INSERT INTO "events" VALUES(4,'r1','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','2026-11-22T12:00:00Z','run-finished',NULL,NULL,NULL,'{"exitCode":0}','d69c4d9b929188e24ccd009f6a833a614184b56fdcb0fd51526ec2c1ecc5a703','021c2891b3b1ef6915c043802de8293645c47622ebaacd6df2e359d37ffd2a48');
CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('events',4);
COMMIT;
